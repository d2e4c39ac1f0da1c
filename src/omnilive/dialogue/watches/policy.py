"""Whether to speak: one small decision interface, with policies chosen by name.

The gate alone ("rule"), a threshold on a model's probability of silence ("threshold"), scores
of how new and how relevant something is ("two_head"), a language model that may answer
NO REPLY ("no_reply"). Plain sync code, called from a worker of its own.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from omnilive.core.errors import BackendError
from omnilive.core.registry import Registry
from omnilive.dialogue.watches.config import WatchesConfig
from omnilive.dialogue.watches.matching import Likeness
from omnilive.memory.search.words import content_words
from omnilive.perception.spans import alike
from omnilive.reasoning.base import Message

POLICIES = Registry(
    "watch policy",
    {
        "rule": "omnilive.dialogue.watches.policy:GateAlone",
        "threshold": "omnilive.dialogue.watches.policy:Threshold",
        "two_head": "omnilive.dialogue.watches.policy:TwoHead",
        "no_reply": "omnilive.dialogue.watches.policy:NoReply",
    },
)
SCORERS = Registry("watch scorer", {"likeness": "omnilive.dialogue.watches.policy:LikenessScorer"})
MAX_TOK = 48
SYSTEM = (
    "You watch a live stream for someone. They asked to be told of one thing, and a simple "
    "detector believes that it has just happened. Look at the pictures and the notes. If it did "
    "not really happen, or is nothing that they asked for, answer exactly: NO REPLY. If it did, "
    "answer with one short sentence that tells them, in the language of their request."
)


@dataclass(frozen=True, slots=True)
class Case:
    """A candidate: what was asked for, and what was perceived at stream time `t`.

    `pictures` are JPEG files' contents; `recent` is what was told of late, newest last.
    """

    t: float
    wanted: str
    happened: str
    evidence: tuple[Mapping[str, Any], ...] = ()
    pictures: tuple[bytes, ...] = ()
    recent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy decided and why; `text` is what to say instead of the default, if given."""

    speak: bool
    reason: str
    text: str = ""
    scores: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Scores:
    """How a model sees a case, each 0 to 1."""

    silence: float
    informative: float
    relevance: float


class Scorer(Protocol):
    """Gives the scores; the LIVE engine is one, a sentence embedder another."""

    def score(self, case: Case) -> Scores:
        """Return the scores of one case."""
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What policies may use. `ask` sends a prompt to the language model and waits."""

    likeness: Likeness
    ask: Callable[[list[Message], int], str] | None = None
    images: int = 0
    is_trusted: bool = False


class Policy(Protocol):
    """Decides about one case."""

    name: str

    def decide(self, case: Case) -> Verdict:
        """Return the verdict; may take long. Raises BackendError when the model fails."""
        ...


class GateAlone:
    """The rule's gate has decided already."""

    name = "rule"

    def __init__(self, config: WatchesConfig, tools: Tools) -> None:
        """Needs nothing."""

    def decide(self, case: Case) -> Verdict:
        """Always speak."""
        return Verdict(True, "the gate is enough")


class Threshold:
    """Speaks when the probability of silence is low enough."""

    name = "threshold"

    def __init__(self, config: WatchesConfig, tools: Tools) -> None:
        self._limit = config.silence
        self._scorer: Scorer = SCORERS.load(config.scorer)(tools)

    def decide(self, case: Case) -> Verdict:
        """Compare the probability with the limit."""
        silence = self._scorer.score(case).silence
        sign = "under" if silence < self._limit else "not under"
        reason = f"silence {silence:.2f} is {sign} {self._limit:.2f}"
        return Verdict(silence < self._limit, reason, scores={"silence": round(silence, 3)})


class TwoHead:
    """Speaks about what is both new and relevant."""

    name = "two_head"

    def __init__(self, config: WatchesConfig, tools: Tools) -> None:
        self._config = config
        self._scorer: Scorer = SCORERS.load(config.scorer)(tools)

    def decide(self, case: Case) -> Verdict:
        """Compare each score with its limit."""
        scores = self._scorer.score(case)
        got = {"informative": scores.informative, "relevance": scores.relevance}
        limits = {"informative": self._config.informative, "relevance": self._config.relevance}
        low = [name for name, value in got.items() if value < limits[name]]
        said = ", ".join(f"{name} {value:.2f} of {limits[name]:.2f}" for name, value in got.items())
        return Verdict(not low, said, scores={n: round(v, 3) for n, v in got.items()})


class NoReply:
    """Asks a language model, which may answer NO REPLY."""

    name = "no_reply"

    def __init__(self, config: WatchesConfig, tools: Tools) -> None:
        if tools.ask is None:
            raise BackendError(
                "the policy no_reply needs a language model: set reasoning.backend, or choose "
                "another watches.policy"
            )
        self._ask, self._tools = tools.ask, tools

    def decide(self, case: Case) -> Verdict:
        """Show the case to the model and read its answer."""
        notes = [f"- {e['kind']}: {e['text']} (second {e['start_s']:.1f})" for e in case.evidence]
        told = [f"- {text}" for text in case.recent]
        text = "\n".join([
            f"They asked: {case.wanted}", f"The detector says, at second {case.t:.1f}: "
            f"{case.happened}", "Notes:", *(notes or ["- none"]),
            *(["Told already:", *told] if told else []),
        ])  # fmt: skip
        pictures = case.pictures[: self._tools.images]
        messages = [
            Message(role="system", text=SYSTEM),
            Message(role="user", text=text, images=pictures),
        ]
        reply = self._ask(messages, MAX_TOK).strip()
        if not reply:
            raise BackendError("the model answered nothing")
        if re.match(r"\W*no[ _-]*reply\b", reply, re.IGNORECASE):
            return Verdict(False, "the model answered NO REPLY")
        said = reply if self._tools.is_trusted else ""
        return Verdict(True, f"the model answered: {reply[:200]}", said)


class LikenessScorer:
    """Scores by meaning: near to what was asked for is relevant, unlike what was told is new."""

    def __init__(self, tools: Tools) -> None:
        self._likeness = tools.likeness

    def score(self, case: Case) -> Scores:
        """Return the scores; without an embedder, words and letters are compared."""
        texts = [str(e["text"]) for e in case.evidence] or [case.happened]
        relevance = max(self._near(text, case.wanted) for text in texts)
        told = max((alike(case.happened, text) for text in case.recent), default=0.0)
        informative = 1.0 - told
        return Scores(1.0 - relevance * informative, informative, max(0.0, relevance))

    def _near(self, text: str, wanted: str) -> float:
        words, sought = set(content_words(text)), set(content_words(wanted))
        shared = len(words & sought) / max(1, min(len(words), len(sought)))
        return max(self._likeness.of(text, wanted), shared)
