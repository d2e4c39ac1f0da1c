"""What an alert says and shows: the body of its line in the log."""

import re
from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.describe import describe, describe_condition
from omnilive.dialogue.watches.engine import Firing
from omnilive.dialogue.watches.narrate import digest
from omnilive.dialogue.watches.state import Thing
from omnilive.memory.store import Store

SHOWN = 8  # pieces of evidence in one alert
_CJK = re.compile(r"[\u3400-\u9fff]")


def alert_body(store: Store, firing: Firing) -> dict[str, Any]:
    """Return everything about an alert but its latency."""
    rule = firing.rule
    language = language_of(rule)
    return {
        "watch": firing.watch,
        "version": firing.version,
        "n": firing.number,
        "rule": describe(rule, language),
        "text": _digest(store, firing) or text_of(firing),
        "start_s": round(firing.first_s, 3),
        "end_s": round(firing.end_s, 3),
        "at_s": round(firing.t, 3),
        "confidence": round(firing.confidence, 3),
        "evidence": [evidence_of(store, thing) for thing in firing.things[:SHOWN]],
        "keyframe": store.keyframe_near(firing.t, firing.t + 0.5),
        "count": firing.count,
        "urgency": rule.urgency,
        "duplicate": firing.duplicate,
        "to": [target.kind for target in rule.to],
        "note": rule.note,
    }


def evidence_of(store: Store, thing: Thing) -> dict[str, Any]:
    """Return a thing as evidence, in the public form, with what tells it from its like."""
    extra = {"label": thing.label, "colour": thing.colour, "source": thing.source}
    return {
        "id": thing.fact,
        "kind": thing.kind,
        "start_s": round(thing.start_s, 3),
        "end_s": round(thing.end_s, 3),
        "text": thing.text,
        "confidence": round(thing.confidence, 3),
        "keyframe": store.keyframe_near(thing.start_s, max(thing.start_s + 0.5, thing.end_s)),
        **{name: value for name, value in extra.items() if value},
    }


def language_of(rule: r.Rule) -> str:
    """Return the language in which the rule was given: "zh" or "en"."""
    return "zh" if _CJK.search(rule.text or rule.say) else "en"


def text_of(firing: Firing) -> str:
    """Return what the alert says: the rule's own words filled in, or what happened."""
    written = [t for t in firing.things if t.kind in ("text", "speech")]
    values = {
        "text": "; ".join(dict.fromkeys(t.text for t in written or firing.things)),
        "label": ", ".join(dict.fromkeys(t.label or t.text for t in firing.things)),
        "count": str(firing.count),
        "time": clock(firing.t),
    }
    if firing.rule.say:
        return re.sub(r"\{(text|label|count|time)\}", lambda m: values[m[1]], firing.rule.say)
    if isinstance(firing.rule.what, r.Caption) and firing.things:
        return values["text"]  # the model's own words
    language = language_of(firing.rule)
    happened = describe_condition(firing.rule.what, language)
    shown = list(dict.fromkeys(_shown(t) for t in firing.things))
    tail = {"zh": "：", "en": ": "}[language] + "; ".join(shown[:3]) if shown else ""
    if isinstance(firing.rule.what, r.Count) and firing.rule.what.scope == "total":
        tail += f" ({firing.count})"
    return f"{happened[:1].upper()}{happened[1:]}{tail}"


def _digest(store: Store, firing: Firing) -> str:
    """Return one line about the period that a periodic watch tells of, "" for other watches."""
    rule = firing.rule
    if not isinstance(rule.what, r.Every) or rule.say:
        return ""
    start_s = firing.t - rule.what.every_s
    facts = [f for f in store.facts(start_s=start_s, end_s=firing.t) if f.start_s >= start_s]
    rows = [{"kind": f.kind, "text": f.text, "label": f.data.get("label", "")} for f in facts]
    return digest(rows)


def clock(t: float) -> str:
    """Return session time as h:mm:ss or m:ss."""
    minutes, seconds = divmod(int(t), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _shown(thing: Thing) -> str:
    return f"“{thing.text}”" if thing.kind in ("text", "speech") else thing.text
