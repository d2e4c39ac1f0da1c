"""The JSON of requests and answers, with examples; the OpenAPI document is made from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["speech", "sound", "object", "text", "scene", "caption", "moment"]
State = Literal[
    "connecting", "watching", "live", "stalled", "reconnecting", "ended", "failed", "interrupted"
]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


def _request(**values: Any) -> ConfigDict:
    return ConfigDict(extra="forbid", allow_inf_nan=False, json_schema_extra={"examples": [values]})


def _examples_of(shape: type[BaseModel]) -> Any:
    extra: Any = shape.model_config.get("json_schema_extra")
    return extra["examples"]


class ErrorDetail(BaseModel):
    """What went wrong, for programs (`code`) and for people (`message`)."""

    code: str
    message: str


class ErrorBody(BaseModel):
    """The body of every answer that is an error."""

    model_config = _example(
        error={"code": "unknown_session", "message": "there is no session 'kitchen'"}
    )
    error: ErrorDetail


class NewSession(BaseModel):
    """A session to be made."""

    model_config = _request(id="kitchen")
    id: str


class SessionFacts(BaseModel):
    """One stored session. `error` says why a damaged one cannot be read.

    `last_seq` is the newest line of its log: a cursor for `events` from which only news come.
    """

    model_config = _example(
        id="kitchen", created_wall_s=1767225600.0, duration_s=61.2, events=142, last_seq=142,
        moments=9, bytes=1843200, running=True,
    )  # fmt: skip
    id: str
    created_wall_s: float
    duration_s: float
    events: int
    last_seq: int
    moments: int
    bytes: int
    running: bool
    error: str | None = None


class SessionList(BaseModel):
    """All stored sessions, by name."""

    model_config = _example(sessions=_examples_of(SessionFacts))
    sessions: list[SessionFacts]


class NewSource(BaseModel):
    """A source to be watched. `pace` is fast for files and live for all else, if left out."""

    model_config = _request(url="rtsp://camera.local/stream", pace="live")
    url: str = Field(min_length=1, max_length=4096)
    pace: Literal["live", "fast"] | None = None


class ConnectionFacts(BaseModel):
    """How the connection of a live caller is doing; counts are since it connected."""

    state: str
    packets_received: int
    packets_lost: int
    dropped: int
    jitter_s: float
    round_trip_s: float | None


class SourceFacts(BaseModel):
    """One source of a session. `position_s` is source time, the rest is on the session clock.

    While it is watched, `lag_s` is how far behind a live stream perception is, and `dropped` how
    many pictures were skipped so as not to fall behind further.
    """

    model_config = _example(
        id=1, url="/videos/kitchen.mp4", kind="file", state="watching", detail="", offset_s=0.0,
        duration_s=61.2, position_s=12.4, has_video=True, has_audio=True, playable=True,
        lag_s=0.4, dropped=0, connection=None,
    )  # fmt: skip
    id: int
    url: str
    kind: Literal["file", "device", "network", "push"]
    state: State
    detail: str
    offset_s: float
    duration_s: float | None
    position_s: float
    has_video: bool
    has_audio: bool
    playable: bool
    lag_s: float | None = None
    dropped: int = 0
    connection: ConnectionFacts | None = None


class SourceList(BaseModel):
    """All sources of a session, oldest first."""

    model_config = _example(sources=_examples_of(SourceFacts))
    sources: list[SourceFacts]


class Question(BaseModel):
    """A question, and the stream time up to which it may look; null for all there is."""

    model_config = _request(question="When did the cat come in?", t=None)
    question: str = Field(max_length=4000)
    t: float | None = None


class EvidenceFacts(BaseModel):
    """A remembered span. `keyframe` is relative to the session's address.

    `coarse_s`, where given, is how uncertain its time is: it was some time in the span.
    """

    id: int
    kind: Kind
    start_s: float
    end_s: float
    text: str
    keyframe: str | None
    coarse_s: float | None = None


class TimingFacts(BaseModel):
    """Where the time of an answer went."""

    recall_s: float
    first_token_s: float
    total_s: float


class AnswerFacts(BaseModel):
    """The reply to a question, with what supports it."""

    model_config = _example(
        type="answer", session="kitchen", t=61.2, question="When did the cat come in?",
        text="At 31.5 s.", supported=True, model="computed",
        evidence=[{
            "id": 17, "kind": "object", "start_s": 31.5, "end_s": 49.0, "text": "cat appeared",
            "keyframe": "keyframes/6.jpg",
        }],
        timing={"recall_s": 0.01, "first_token_s": 0.3, "total_s": 0.9},
    )  # fmt: skip
    type: Literal["answer"]
    session: str
    t: float
    question: str
    text: str
    evidence: list[EvidenceFacts]
    supported: bool
    model: str
    timing: TimingFacts


class FactFacts(BaseModel):
    """One thing that was perceived."""

    id: int
    kind: Kind
    start_s: float
    end_s: float
    text: str


class MomentFacts(BaseModel):
    """A stretch of time, with what began in it.

    `level` 0 is a moment, 1 an episode, 2 a digest; it was merged from `size` moments.
    """

    id: int
    start_s: float
    end_s: float
    text: str
    keyframe: str | None
    level: int
    size: int
    pinned: bool
    facts: list[FactFacts]


class Timeline(BaseModel):
    """Moments, oldest first."""

    model_config = _example(
        duration_s=61.2,
        moments=[{
            "id": 6, "start_s": 31.0, "end_s": 38.0, "text": "cat appeared",
            "keyframe": "keyframes/6.jpg", "level": 0, "size": 1, "pinned": False,
            "facts": [{
                "id": 17, "kind": "object", "start_s": 31.5, "end_s": 49.0, "text": "cat appeared",
            }],
        }],
    )  # fmt: skip
    duration_s: float
    moments: list[MomentFacts]


class Hit(EvidenceFacts):
    """A search result; a higher score is a better one."""

    score: float


class Hits(BaseModel):
    """Search results, best first."""

    model_config = _example(
        results=[{
            "id": 17, "kind": "object", "start_s": 31.5, "end_s": 49.0, "text": "cat appeared",
            "keyframe": "keyframes/6.jpg", "score": 0.71,
        }],
    )  # fmt: skip
    results: list[Hit]


class QuestionAcross(BaseModel):
    """A question to several sessions: those named, or all when there is no list."""

    model_config = _request(question="Where did I leave my keys?", sessions=["kitchen", "hall"])
    question: str = Field(max_length=4000)
    sessions: list[Annotated[str, Field(max_length=64)]] | None = Field(
        default=None, min_length=1, max_length=64
    )


class EvidenceAcross(EvidenceFacts):
    """A remembered span of one of several sessions."""

    session: str


class AnswerAcross(AnswerFacts):
    """The reply of several sessions; `session` answered best, of all the `sessions` asked."""

    model_config = _example(
        type="answer", session="hall", sessions=["hall", "kitchen"], t=61.2,
        question="Where did I leave my keys?", text="hall: At 0:31 someone said: “On the shelf.”",
        supported=True, model="computed",
        evidence=[{
            "id": 17, "kind": "speech", "start_s": 31.5, "end_s": 33.0, "text": "On the shelf.",
            "keyframe": None, "session": "hall",
        }],
        timing={"recall_s": 0.01, "first_token_s": 0.3, "total_s": 0.9},
    )  # fmt: skip
    sessions: list[str]
    evidence: list[EvidenceAcross]  # pyright: ignore[reportIncompatibleVariableOverride]


class HitAcross(EvidenceAcross):
    """A search result of one of several sessions; `wall_s` is Unix time."""

    score: float
    wall_s: float


class HitsAcross(BaseModel):
    """Search results of several sessions, best first."""

    model_config = _example(
        results=[{
            "id": 17, "kind": "object", "start_s": 31.5, "end_s": 49.0, "text": "cat appeared",
            "keyframe": "keyframes/6.jpg", "session": "kitchen", "score": 0.71,
            "wall_s": 1767225631.5,
        }],
    )  # fmt: skip
    results: list[HitAcross]


class IceServerFacts(BaseModel):
    """A STUN or TURN server, as RTCPeerConnection takes it."""

    urls: list[str]
    username: str
    credential: str


class VoiceFacts(BaseModel):
    """What speaks, and in which languages; in others answers stay text."""

    name: str
    languages: list[str]


class LimitFacts(BaseModel):
    """What the server takes at most; null: no limit."""

    upload_max_bytes: int
    peers_max: int
    sources_max: int
    sessions_max: int
    sockets_max: int
    watch_max_s: float | None
    clip_max_s: float


class AboutFacts(BaseModel):
    """What a client has to know before it connects."""

    model_config = _example(
        version="0.1.0", voice={"name": "hibari", "languages": ["en"]},
        ice_servers=[{"urls": ["stun:stun.example.org"], "username": "", "credential": ""}],
        limits={
            "upload_max_bytes": 2147483648, "peers_max": 16, "sources_max": 16,
            "sessions_max": 1000, "sockets_max": 64, "watch_max_s": None, "clip_max_s": 300.0,
        },
    )  # fmt: skip
    version: str
    ice_servers: list[IceServerFacts]
    voice: VoiceFacts | None
    limits: LimitFacts


class ForgottenFacts(BaseModel):
    """What was forgotten: how many of each, and the uploaded files that went or still hold it.

    `recordings` are segments that were cut, `coarse` counts of merged moments that could only go
    as a whole. `wiped` is false while another process reads the session; the last bytes go when
    it is opened next.
    """

    model_config = _example(
        start_s=30.0, end_s=45.0, facts=6, moments=2, lines=9, keyframes=3, recordings=1, coarse=0,
        deleted=[], kept=[], wiped=True,
    )  # fmt: skip
    start_s: float
    end_s: float
    facts: int
    moments: int
    lines: int
    keyframes: int
    recordings: int
    coarse: int
    deleted: list[str]
    kept: list[str]
    wiped: bool
