"""The JSON of memory in its owner's hands: how full it is, pins, corrections, forgetting."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from omnilive.server.shapes import FactFacts, _example, _request  # pyright: ignore[reportPrivateUsage]

_PIN = {"id": 3, "start_s": 30.0, "end_s": 45.0, "note": "first steps", "made_wall_s": 1.8e9}
_FACT = {"id": 17, "kind": "speech", "start_s": 31.5, "end_s": 33.0, "text": "my PIN is ..."}
Seconds = Annotated[float, Field(ge=0, lt=1e12)]


class HeldFacts(BaseModel):
    """How much of one thing is held, and how much may be."""

    used: int
    budget: int


class MemoryFacts(BaseModel):
    """How much a session remembers. `levels`: rows of moments, episodes and digests.

    `stands_for` is how many moments there were before anything was merged; `forgotten` are spans
    of which nothing is left.
    """

    model_config = _example(
        duration_s=86400.0,
        held={"moments": {"used": 812, "budget": 50000}},
        levels={"moments": 400, "episodes": 380, "digests": 32}, stands_for=5400,
        kinds={"object": 950, "speech": 310}, segments=12, pins=1, forgotten=[[30.0, 45.0]],
    )  # fmt: skip
    duration_s: float
    held: dict[str, HeldFacts]
    levels: dict[str, int]
    stands_for: int
    kinds: dict[str, int]
    segments: int
    pins: int
    forgotten: list[list[float]]


class PinFacts(BaseModel):
    """A span that stays as it is: not merged, thinned out, or forgotten by its age."""

    model_config = _example(**_PIN)
    id: int
    start_s: float
    end_s: float
    note: str
    made_wall_s: float


class PinList(BaseModel):
    """What is pinned, by start."""

    model_config = _example(pins=[_PIN])
    pins: list[PinFacts]


class NewPin(BaseModel):
    """What to pin; it may lie in the future."""

    model_config = _request(start_s=30.0, end_s=45.0, note="first steps")
    start_s: Seconds
    end_s: Seconds
    note: str = Field(default="", max_length=1000)


class Correction(BaseModel):
    """What a fact should say, or what the thing is; at least one of them."""

    model_config = _request(text="the keys are in the drawer")
    text: str | None = Field(default=None, max_length=10_000)
    label: str | None = Field(default=None, max_length=200)


class CorrectedFacts(FactFacts):
    """A fact as it is told now. `seq` is the line of the log that says that it was edited."""

    model_config = _example(seq=412, **{**_FACT, "text": "the keys are in the drawer"})
    seq: int


class Matched(BaseModel):
    """What is about something: a label or a phrase, in a part of the session or everywhere.

    A label names things or sounds, in the singular or plural. A phrase is words in a row; with
    `around_s`, what was said and written so many seconds before and after is meant too.
    """

    model_config = _request(phrase="the PIN", around_s=10.0)
    label: str = Field(default="", max_length=200)
    phrase: str = Field(default="", max_length=1000)
    around_s: float = Field(default=0.0, ge=0, le=3600)
    start_s: Seconds = 0.0
    end_s: float | None = Field(default=None, gt=0, lt=1e12)


class ToForget(Matched):
    """What to forget; `uploads`: what becomes of uploaded files that hold some of it."""

    model_config = ConfigDict(
        extra="forbid", allow_inf_nan=False,
        json_schema_extra={"examples": [{"label": "person"}, {"phrase": "PIN", "around_s": 10}]},
    )  # fmt: skip
    uploads: Literal["keep", "delete"] = "keep"


class MatchList(BaseModel):
    """The facts that match: the first thousand, and how many there are."""

    model_config = _example(count=1, facts=[_FACT])
    count: int
    facts: list[FactFacts]
