"""What is wrong with a rule, whoever wrote it: contradictions, never, always, unknown names."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.describe import describe_condition, duration
from omnilive.dialogue.watches.known import COLOURS, Known
from omnilive.dialogue.watches.outcome import Reply

MIN_EVERY_S = 5.0
MANY_LABELS = 40  # an object of any of so many labels is "anything"


def doubts(rule: r.Rule, known: Known) -> list[Reply]:
    """Return every reason not to store this rule as it is; [] when there is none."""
    found = [*_names(rule, known), *_frame(rule)]
    for part, _ in r.parts_of(rule.what):
        found += _shape(part)
    found += _flood(rule)
    return list(dict.fromkeys(found))


def _names(rule: r.Rule, known: Known) -> Iterator[Reply]:
    for name in rule.where:
        if name not in known.sources:
            have = ", ".join(known.sources) or "no source yet"
            yield Reply(
                code="source", text=f"There is no source “{name}”: this session has {have}."
            )
    for part, _ in r.parts_of(rule.what):
        if isinstance(part, r.Object):
            yield from _unknown(part.labels, known.labels, "the object model", "perception.objects")
            if part.colour and part.colour not in COLOURS:
                yield _unseen(f"the colour “{part.colour}” is not told apart", COLOURS)
        elif isinstance(part, r.Sound):
            yield from _unknown(part.names, known.sounds, "the sound model", "perception.sounds")
        elif isinstance(part, r.Scene):
            if part.tags and known.tags:
                yield from _unknown(part.tags, known.tags, "the picture model", "perception.tags")
            if part.colour and part.colour not in COLOURS:
                yield _unseen(f"the colour “{part.colour}” is not told apart", COLOURS)
        elif isinstance(part, r.Text) and not known.text:
            yield _unseen("text is not read: perception.text is off", ())
        elif isinstance(part, r.Caption) and not known.live:
            yield _unseen("there is no live model: live.checkpoint is not set", ())
        elif isinstance(part, r.Caption) and part.instruction and not known.followed:
            yield _unseen("the live model follows no watches: live.watches is 0", ())
        elif isinstance(part, r.Speech) and not known.speech:
            yield _unseen("speech is not recognised: perception.asr is off", ())


def _unknown(
    wanted: tuple[str, ...], have: tuple[str, ...], model: str, setting: str
) -> Iterator[Reply]:
    if not have:
        yield _unseen(f"{model} is switched off ({setting})", ())
        return
    for name in wanted:
        if name not in have:
            yield _unseen(f"{model} does not know “{name}”", have)


def _unseen(reason: str, have: tuple[str, ...]) -> Reply:
    listed = f"; it knows {', '.join(have[:12])}{' ...' if len(have) > 12 else ''}" if have else ""
    return Reply(code="unseen", text=f"This cannot be perceived: {reason}{listed}.")


def _frame(rule: r.Rule) -> Iterator[Reply]:
    if rule.when is not None and rule.when.timezone:
        try:
            ZoneInfo(rule.when.timezone)
        except (KeyError, ValueError, OSError):
            zone = rule.when.timezone
            text = f"There is no time zone “{zone}”: use a name such as Europe/Berlin."
            yield Reply(code="time", text=text)
    if rule.min_confidence > 0.99:
        yield Reply(
            code="never",
            text="Perception is never that sure: ask for 0.8 to be told surely enough.",
        )
    if isinstance(rule.what, r.Every) and rule.cooldown_s > rule.what.every_s:
        yield Reply(
            code="contradiction",
            text=f"Every {duration(rule.what.every_s)}, but at most once every "
            f"{duration(rule.cooldown_s)}: which of the two?",
        )


def _shape(part: Any) -> Iterator[Reply]:
    if isinstance(part, r.Lasts | r.Not) and not r.is_level(part.of):
        verb = "last" if isinstance(part, r.Lasts) else "be absent at one moment"
        yield Reply(
            code="never",
            text=f"“{describe_condition(part.of)}” happens at one moment and cannot {verb}: say "
            "what is present instead (event: present).",
        )
    if isinstance(part, r.Count):
        yield from _count(part)
    if isinstance(part, r.All):
        yield from _all(part)
    if isinstance(part, r.Any_) and any(_opposite(a, b) for a in part.of for b in part.of):
        yield Reply(code="flood", text="One or the other is always so: this would never be silent.")
    if isinstance(part, r.Speech | r.Text):
        words = (*part.contains,) if isinstance(part, r.Text) else (*part.any_of, *part.all_of)
        for word in words:
            if not any(sign.isalnum() for sign in word):
                text = f"“{word}” holds no letter or digit, and is never found."
                yield Reply(code="never", text=text)


def _count(count: r.Count) -> Iterator[Reply]:
    if count.scope == "view" and not r.is_level(count.of):
        yield Reply(
            code="never",
            text=f"“{describe_condition(count.of)}” happens at one moment, so that no number of "
            f"it is "
            "in view at once: count what is present, or use scope “total”.",
        )
    always = (count.op == ">=" and count.n == 0) or (count.op == "<=" and count.scope == "total")
    if always:
        yield Reply(
            code="flood",
            text=f"“{describe_condition(count)}” is so from the start: name a number that must be "
            "reached.",
        )
    if count.each and (count.scope != "total" or count.n < 1):
        yield Reply(
            code="never", text="“each” goes with scope “total” and a number of at least one."
        )


def _all(part: r.All) -> Iterator[Reply]:
    clashing = next(
        ((a, b) for i, a in enumerate(part.of) for b in part.of[i + 1 :] if _clash(a, b)), None
    )
    if clashing:
        a, b = (describe_condition(one) for one in clashing)
        yield Reply(
            code="contradiction",
            text=f"“{a}” and “{b}” are never both so at the same time: which is meant?",
        )


def _clash(a: Any, b: Any) -> bool:
    if _opposite(a, b):
        return True
    if not (isinstance(a, r.Count) and isinstance(b, r.Count) and a.of == b.of):
        return False
    if a.scope != b.scope:
        return False
    low_a, high_a = _range(a)
    low_b, high_b = _range(b)
    return max(low_a, low_b) > min(high_a, high_b)


def _range(count: r.Count) -> tuple[float, float]:
    low = count.n if count.op in (">=", "==") else 0
    return low, (count.n if count.op in ("<=", "==") else float("inf"))


def _opposite(a: Any, b: Any) -> bool:
    """Tell whether one is the other's absence."""
    for one, other in ((a, b), (b, a)):
        if isinstance(one, r.Not | r.Absent) and _covers(one.of, other):
            return True
    return False


def _covers(wide: Any, narrow: Any) -> bool:
    """Tell whether `wide` is so whenever `narrow` is."""
    if isinstance(wide, r.Object) and isinstance(narrow, r.Object):
        same = set(narrow.labels) <= set(wide.labels)
        same = same and wide.colour in ("", narrow.colour)
        same = same and wide.position in ("", narrow.position)
        return same and wide.event == "present" and narrow.event in ("present", "appears")
    if isinstance(narrow, r.Count) and narrow.op != "<=" and narrow.n >= 1:
        return narrow.scope == "view" and _covers(wide, narrow.of)
    return wide == narrow


def _flood(rule: r.Rule) -> Iterator[Reply]:
    if rule.repeat == "once" or rule.cooldown_s >= MIN_EVERY_S:
        return
    what, why = rule.what, ""
    if isinstance(what, r.Every) and what.every_s < MIN_EVERY_S:
        why = f"every {duration(what.every_s)} is more than anybody can read"
    elif isinstance(what, r.Speech) and what == r.Speech():
        why = "it would tell you every sentence that is said"
    elif isinstance(what, r.Object) and len(what.labels) >= MANY_LABELS and not what.colour:
        why = "nearly everything that is seen counts"
    if why:
        yield Reply(
            code="flood",
            text=f"This would never be silent: {why}. How often may it tell you at most? Add a "
            "cool-down (“at most once every 10 minutes”), or say what in particular.",
        )
