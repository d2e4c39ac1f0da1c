"""A watch as it is stored: what to look for, where, when, how often, and whom to tell.

Frozen, strict models that go to JSON and back unchanged; `describe.py` puts one into words.
A condition is either a *level*, which is true for a while (a dog is in view), or a *pulse*,
true at one moment (a dog appears, a word is said). `absent`, `lasts`, `not` and a `count` in
view need a level; `sequence` takes each part at the moment when it becomes true.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from omnilive.core.errors import ConfigError

RULE_VERSION = 1
DAY_S = 86400.0
MAX_DEPTH = 6  # of conditions inside conditions
MAX_PARTS = 40  # conditions in one rule


class Part(BaseModel):
    """Base of everything stored: immutable, no unknown keys, no guessing between types."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


Word = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[tuple[Word, ...], Field(strict=False, max_length=50)]
Seconds = Annotated[float, Field(gt=0, le=30 * DAY_S, allow_inf_nan=False)]
Event = Literal["present", "appears", "leaves"]


class Object(Part):
    """An object of the detector. "present" is a level; "appears" and "leaves" are pulses."""

    kind: Literal["object"] = "object"
    labels: Annotated[tuple[Word, ...], Field(strict=False, min_length=1, max_length=50)]
    """Labels of the detector, any of which will do."""
    name: str = Field(default="", max_length=200)
    """What the user called it ("animal", "someone"); for reading only."""
    colour: str = Field(default="", max_length=40)
    """Colour as perception names it; "" for any."""
    position: Literal["", "left", "centre", "right"] = ""
    """Third of the picture that it is in; "" for any."""
    event: Event = "appears"


class Text(Part):
    """Text on screen or in the scene."""

    kind: Literal["text"] = "text"
    contains: Words = ()
    """Any of these stands in it, whatever the case; () for any text at all."""
    event: Event = "appears"


class Sound(Part):
    """A sound that the classifier knows, such as "music"."""

    kind: Literal["sound"] = "sound"
    names: Annotated[tuple[Word, ...], Field(strict=False, min_length=1, max_length=50)]
    event: Event = "appears"
    """When it begins ("appears"), when it ends ("leaves"), or while it is heard ("present")."""


class Speech(Part):
    """Something said: a pulse when it is known. Without any field, anything said."""

    kind: Literal["speech"] = "speech"
    any_of: Words = ()
    """One of these is said."""
    all_of: Words = ()
    """All of these are said, in one utterance."""
    meaning: str = Field(default="", max_length=300)
    """What is said comes near this in meaning."""


class Scene(Part):
    """What the whole picture shows, or that it changed."""

    kind: Literal["scene"] = "scene"
    tags: Words = ()
    """The picture looks like one of these (names of the picture model)."""
    colour: str = Field(default="", max_length=40)
    """The picture is mostly this colour; "black" when the light goes out."""
    change: bool = False
    """A cut: a pulse at each new scene. Excludes `tags` and `colour`."""
    event: Event = "appears"


class Caption(Part):
    """Something that the live model says of the pictures: a pulse."""

    kind: Literal["caption"] = "caption"
    instruction: str = Field(default="", max_length=500)
    """What the model is told to look out for, in a stream of its own; "" for its narration."""
    contains: Words = ()
    """Any of these is in what it says, whatever the case; () for any remark at all."""


class Absent(Part):
    """Becomes true once `of` has not been true for `for_s` seconds, counted from arming too."""

    kind: Literal["absent"] = "absent"
    of: "Condition"
    for_s: Seconds


class Lasts(Part):
    """Becomes true once `of`, a level, has been true for `for_s` seconds without a break."""

    kind: Literal["lasts"] = "lasts"
    of: "Condition"
    for_s: Seconds


class Count(Part):
    """The number of things at the same time ("view"), or of times since arming ("total")."""

    kind: Literal["count"] = "count"
    of: "Condition"
    op: Literal[">=", "<=", "=="] = ">="
    n: int = Field(ge=0, le=1_000_000)
    scope: Literal["view", "total"] = "view"
    window_s: Seconds | None = None
    """With "total": only what happened in the last `window_s` seconds counts."""
    each: bool = False
    """With "total": becomes true anew at each multiple of `n`: with 1, tell each new count."""


class Sequence(Part):
    """`first`, then `then`, at most `within_s` seconds later (None: any time later)."""

    kind: Literal["sequence"] = "sequence"
    first: "Condition"
    then: "Condition"
    within_s: Seconds | None = None


class All(Part):
    """All at the same time; pulses count for `within_s` seconds after they happened."""

    kind: Literal["all"] = "all"
    of: Annotated[tuple["Condition", ...], Field(strict=False, min_length=2, max_length=20)]
    within_s: float = Field(default=5.0, ge=0, le=DAY_S, allow_inf_nan=False)


class Any_(Part):
    """At least one of them."""

    kind: Literal["any"] = "any"
    of: Annotated[tuple["Condition", ...], Field(strict=False, min_length=2, max_length=20)]


class Not(Part):
    """True while `of`, a level, is not; stands inside `all`, or becomes true when `of` ends."""

    kind: Literal["not"] = "not"
    of: "Condition"


class Every(Part):
    """A pulse every `every_s` seconds of stream time: periodic digests."""

    kind: Literal["every"] = "every"
    every_s: Seconds


Condition = Annotated[
    Object
    | Text
    | Sound
    | Speech
    | Scene
    | Caption
    | Absent
    | Lasts
    | Count
    | Sequence
    | All
    | Any_
    | Not
    | Every,
    Field(discriminator="kind"),
]
Composite = (Absent, Lasts, Count, Sequence, All, Any_, Not)
for _model in Composite:
    _model.model_rebuild()

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Schedule(Part):
    """When a watch is awake, in wall-clock time."""

    days: Annotated[tuple[Annotated[int, Field(ge=0, le=6)], ...], Field(strict=False)] = ()
    """Days of the week, 0 for Monday; () for every day. A night belongs to the day it began."""
    start: Clock = "00:00"
    end: Clock = "00:00"
    """The minute at which it sleeps again; not after `start` means on the next day."""
    timezone: str = Field(default="", max_length=60)
    """IANA name such as "Europe/Berlin"; "" for the machine's own."""


class Voice(Part):
    """Said aloud on the session's lines."""

    kind: Literal["voice"] = "voice"


class Page(Part):
    """Shown on the page, and in the log's `alert` lines in any case."""

    kind: Literal["page"] = "page"


class Webhook(Part):
    """Posted to an HTTP or HTTPS address, signed."""

    kind: Literal["webhook"] = "webhook"
    url: str = Field(max_length=2000, pattern=r"^https?://[^\s]+$")


class Mqtt(Part):
    """Published to the broker of the settings."""

    kind: Literal["mqtt"] = "mqtt"
    topic: str = Field(min_length=1, max_length=500, pattern=r"^[^#+\x00]+$")


class CommandEvent(Part):
    """A line on the standard output of the command that watches."""

    kind: Literal["event"] = "event"


Target = Annotated[Voice | Page | Webhook | Mqtt | CommandEvent, Field(discriminator="kind")]


class Rule(Part):
    """A whole watch. The defaults are what is meant when nothing was said about it."""

    version: Literal[1] = RULE_VERSION
    text: str = Field(default="", max_length=2000)
    """The user's own words."""
    what: Condition
    where: Words = ()
    """Sources (addresses or labels of the session); () for all."""
    when: Schedule | None = None
    """None for always."""
    repeat: Literal["once", "each"] = "each"
    """"once": the watch is done after its first alert."""
    cooldown_s: float = Field(default=0.0, ge=0, le=30 * DAY_S, allow_inf_nan=False)
    """Silence after an alert; what happens in it is counted, not told."""
    min_confidence: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    """Percepts less sure than this do not count."""
    urgency: Literal["low", "normal", "high"] = "normal"
    """"high" is said at once; "low" is never said aloud, only written."""
    to: Annotated[tuple[Target, ...], Field(strict=False, max_length=10)] = (Voice(), Page())
    check: bool = False
    """A model looks at each candidate before it becomes an alert."""
    say: str = Field(default="", max_length=500)
    """What the alert says; {text}, {label}, {count} and {time} are filled in. "" for a default."""
    note: str = Field(default="", max_length=500)
    """A question answered at the alert, whose answer goes with it ("who is in the room?")."""


def parts_of(condition: Any, depth: int = 1) -> Iterator[tuple[Any, int]]:
    """Yield a condition and all inside it, with their depth (1 for the condition itself)."""
    yield condition, depth
    for inner in inner_of(condition):
        yield from parts_of(inner, depth + 1)


def inner_of(condition: Any) -> tuple[Any, ...]:
    """Return the conditions directly inside one."""
    if isinstance(condition, Sequence):
        return (condition.first, condition.then)
    of = getattr(condition, "of", ())
    return of if isinstance(of, tuple) else (of,)


def is_level(condition: Any) -> bool:
    """Tell whether a condition is true for a while, rather than at one moment."""
    if isinstance(condition, Object | Text | Sound):
        return condition.event == "present"
    if isinstance(condition, Scene):
        return not condition.change and condition.event == "present"
    if isinstance(condition, All | Any_):
        return all(is_level(part) for part in condition.of)
    if isinstance(condition, Count):
        return condition.scope == "view"
    return isinstance(condition, Not | Absent | Lasts)


def rule_from_json(data: Mapping[str, Any] | str | bytes) -> Rule:
    """Read a stored or hand-written rule; ConfigError names each field that is wrong."""
    try:
        if isinstance(data, str | bytes):
            rule = Rule.model_validate_json(data)
        else:
            rule = Rule.model_validate(dict(data))
    except ValidationError as error:
        wrong = "; ".join(_complaint(item) for item in error.errors()[:5])
        raise ConfigError(f"this is no rule: {wrong}") from error
    except RecursionError as error:
        raise ConfigError("this is no rule: its conditions are nested far too deep") from error
    found = list(parts_of(rule.what))
    if max(depth for _, depth in found) > MAX_DEPTH or len(found) > MAX_PARTS:
        raise ConfigError(
            f"this rule is too big: at most {MAX_PARTS} conditions, nested {MAX_DEPTH} deep; "
            "make several watches of it"
        )
    return rule


def rule_json(rule: Rule) -> dict[str, Any]:
    """Return the rule as JSON values, complete, as it is stored and shown."""
    return rule.model_dump(mode="json")


def _complaint(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"][:8]) or "the rule"
    return f"{where}: {item['msg']}"
