"""The stored form: strict, round-trip, in words; and what is wrong with rules given as JSON."""

import json
from typing import Any

import pytest

from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.describe import describe, duration
from omnilive.dialogue.watches.doubts import doubts
from omnilive.dialogue.watches.known import Known
from omnilive.dialogue.watches.listing import changed

PERSON = r.Object(labels=("person",), event="present")
DOG = r.Object(labels=("dog",))
MUSIC = r.Sound(names=("music",), event="present")
KNOWN = Known(sources=("door",))
WHOLE = r.Rule(
    text="some words",
    what=r.All(
        of=(r.Lasts(of=PERSON, for_s=10), r.Not(of=MUSIC), r.Count(of=DOG, n=2)), within_s=3
    ),
    where=("door",),
    when=r.Schedule(days=(0, 6), start="22:00", end="06:00", timezone="Europe/Berlin"),
    repeat="once",
    cooldown_s=60,
    min_confidence=0.5,
    urgency="high",
    to=(
        r.Voice(),
        r.Page(),
        r.Webhook(url="https://x.org/a"),
        r.Mqtt(topic="a/b"),
        r.CommandEvent(),
    ),
    check=True,
    say="{label}!",
    note="who is there?",
)


def test_json_and_back() -> None:
    data = r.rule_json(WHOLE)
    assert data["version"] == 1
    assert r.rule_from_json(data) == WHOLE == r.rule_from_json(json.dumps(data))
    assert r.rule_json(r.rule_from_json(data)) == data


def test_defaults_are_what_is_meant_when_nothing_was_said() -> None:
    rule = r.rule_from_json({"what": {"kind": "object", "labels": ["dog"]}})
    assert rule.what == DOG and rule.repeat == "each" and rule.when is None
    assert [target.kind for target in rule.to] == ["voice", "page"]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ({}, "what"),
        ({"what": {"kind": "ghost"}}, "ghost"),
        ({"what": {"kind": "object", "labels": "dog"}}, "labels"),
        ({"what": {"kind": "object", "labels": []}}, "labels"),
        ({"what": {"kind": "object", "labels": [3]}}, "labels"),
        ({"what": {"kind": "object", "labels": ["dog"], "size": 3}}, "size"),
        ({"what": {"kind": "every", "every_s": "5"}}, "every_s"),
        ({"what": {"kind": "every", "every_s": -5}}, "every_s"),
        ({"what": {"kind": "every", "every_s": float("nan")}}, "every_s"),
        ({"what": {"kind": "every", "every_s": 9}, "version": 2}, "version"),
        ({"what": {"kind": "every", "every_s": 9}, "cooldown_s": True}, "cooldown_s"),
        ({"what": {"kind": "every", "every_s": 9}, "when": {"start": "25:00"}}, "start"),
        ({"what": {"kind": "every", "every_s": 9}, "when": {"days": [7]}}, "days"),
        ({"what": {"kind": "every", "every_s": 9}, "to": [{"kind": "webhook", "url": "x"}]}, "url"),
        (
            {"what": {"kind": "every", "every_s": 9}, "to": [{"kind": "mqtt", "topic": "a/#"}]},
            "topic",
        ),
    ],
)
def test_what_is_no_rule_is_refused_by_name(data: Any, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        r.rule_from_json(data)


def test_bottomless_and_huge_rules_are_refused() -> None:
    deep: Any = {"kind": "every", "every_s": 9}
    for _ in range(8):
        deep = {"kind": "not", "of": deep}
    wide: Any = {"kind": "any", "of": [{"kind": "any", "of": [{"kind": "text"}] * 20}] * 5}
    for what in (deep, wide):
        with pytest.raises(ConfigError, match="too big"):
            r.rule_from_json({"what": what})
    for _ in range(50_000):
        deep = {"kind": "not", "of": deep}
    with pytest.raises(ConfigError):
        r.rule_from_json({"what": deep})


def test_readable_names_every_part() -> None:
    said = describe(WHOLE)
    for part in ("Once", "person", "10 seconds", "music", "two dogs", "door", "Monday and Sunday",
                 "22:00 to 06:00", "Europe/Berlin", "every minute", "50%", "model", "https://x.org/a",
                 "a/b", "urgently", "{label}!", "who is there?"):  # fmt: skip
        assert part in said, part
    chinese = describe(WHOLE, "zh")
    for part in (
        "第一次",
        "人",
        "10秒",
        "音乐",
        "2个狗",
        "door",
        "周一",
        "周日",
        "1分钟",
        "https://x.org/a",
    ):
        assert part in chinese, part


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (90, "90 seconds"), (60, "1 minute"), (5400, "90 minutes"), (7200, "2 hours"),
     (86400, "1 day"), (0.5, "0.5 seconds")],
)  # fmt: skip
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_fields_can_be_replaced_one_by_one() -> None:
    rule = r.Rule(what=DOG, text="dogs")
    new = changed(rule, {"cooldown_s": 5, "add_to": [{"kind": "mqtt", "topic": "t"}]})
    assert new.cooldown_s == 5 and new.what == DOG and new.text == "dogs"
    assert [target.kind for target in new.to] == ["voice", "page", "mqtt"]
    assert changed(new, {"add_to": [{"kind": "mqtt", "topic": "t"}]}) == new
    with pytest.raises(ConfigError, match="colour"):
        changed(rule, {"colour": "red"})
    for wrong in ({"add_to": 5}, {"to": None, "add_to": []}, {"add_to": {"kind": "page"}}):
        with pytest.raises(ConfigError, match="lists of targets"):
            changed(rule, wrong)


@pytest.mark.parametrize(
    ("what", "more", "code"),
    [
        (r.Object(labels=("unicorn",)), {}, "unseen"),
        (r.Object(labels=("dog",), colour="mauve"), {}, "unseen"),
        (r.Sound(names=("bell",)), {}, "unseen"),
        (DOG, {"where": ("attic",)}, "source"),
        (DOG, {"min_confidence": 1.0}, "never"),
        (DOG, {"when": r.Schedule(timezone="Mars/Olympus")}, "time"),
        (r.Lasts(of=DOG, for_s=5), {}, "never"),
        (r.Not(of=r.Speech(any_of=("hi",))), {}, "never"),
        (r.Count(of=DOG, n=2), {}, "never"),
        (r.Count(of=PERSON, n=0), {}, "flood"),
        (r.Count(of=DOG, n=3, op="<=", scope="total"), {}, "flood"),
        (r.Count(of=PERSON, n=2, each=True), {}, "never"),
        (r.All(of=(PERSON, r.Not(of=PERSON))), {}, "contradiction"),
        (r.All(of=(r.Count(of=PERSON, n=3), r.Absent(of=PERSON, for_s=5))), {}, "contradiction"),
        (r.All(of=(r.Count(of=PERSON, n=3), r.Count(of=PERSON, n=2, op="==")), within_s=1.0), {},
         "contradiction"),
        (r.Any_(of=(PERSON, r.Not(of=PERSON))), {}, "flood"),
        (r.Every(every_s=1), {}, "flood"),
        (r.Every(every_s=300), {"cooldown_s": 3600}, "contradiction"),
        (r.Speech(), {}, "flood"),
        (r.Object(labels=KNOWN.labels[:45]), {}, "flood"),
        (r.Text(contains=("!!",)), {}, "never"),
    ],
)  # fmt: skip
def test_doubts(what: Any, more: dict[str, Any], code: str) -> None:
    found = doubts(r.Rule(what=what, **more), KNOWN)
    assert [doubt.code for doubt in found][:1] == [code], found
    assert found[0].text.endswith((".", "?"))


@pytest.mark.parametrize(
    ("what", "more"),
    [
        (DOG, {"where": ("door",)}),
        (r.Speech(), {"cooldown_s": 60}),
        (r.Every(every_s=1), {"repeat": "once"}),
        (r.All(of=(PERSON, r.Not(of=r.Object(labels=("dog",), event="present")))), {}),
        (r.All(of=(r.Count(of=PERSON, n=2), r.Count(of=PERSON, n=4, op="<="))), {}),
        (r.All(of=(r.Object(labels=("car",), colour="red", event="present"),
                   r.Not(of=r.Object(labels=("car",), colour="blue", event="present")))), {}),
        (r.Sequence(first=DOG, then=DOG, within_s=5), {}),
    ],
)  # fmt: skip
def test_no_doubts_where_there_is_no_reason(what: Any, more: dict[str, Any]) -> None:
    assert doubts(r.Rule(what=what, **more), KNOWN) == []


def test_senses_that_are_off() -> None:
    off = Known(labels=(), sounds=(), speech=False, text=False)
    for what in (DOG, MUSIC, r.Text(), r.Speech(any_of=("a",))):
        assert [doubt.code for doubt in doubts(r.Rule(what=what), off)] == ["unseen"]
