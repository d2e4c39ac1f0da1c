"""What a benchmark is: annotations in, items and prompts out, replies in, scores and a summary out.

One file a benchmark, one class that derives from `Benchmark`, one line in `BENCHMARKS`. The runner
(run.py) does everything else: it asks the model, writes and resumes the results, and makes the
report. Life of an item:

    load(data)          -> items, in the order of the official file; `group` ties items that are one
                           dialogue (a chain of SVBench, the questions of one StreamingBench SQA
                           video): they are asked in order, and later ones are given the earlier.
    prompt(item, ...)   -> the official prompt, word for word.
    the model           -> a Reply.
    score(item, ...)    -> a Score: `official` bit for bit as the official script, `strict` as one
                           would expect it to be. `None` where there is no such score.
    summary(rows)       -> the columns of the published table, by the official definition.

Special shapes:

* *Several prompts for one item* (the official poll of StreamingBench's proactive task): override
  `dialogue`, a generator that yields prompts, is sent replies, and returns the Reply that counts.
  Offline only. Online there is one prompt an item.
* *Proactive, online*: an item with `push=True`. Its prompt is set up as a standing watch at
  `item.t` and the reply holds `alerts`: when (stream time) the session spoke up, and what it said.
  The prompt must be the question as the user would say it: no poll, no time, no answer added.
* *Forward* (OVO-Bench): one item for each entry of `test_info`, each with its own `t`.
* *Sound* (LibriSpeech, WenetSpeech): `transcribe=True`; `reply.text` is the transcript. Put errors
  and reference words into `Score.parts`; the summary divides the sums.
* *Narration* (LIVE): `narrate=True`; `reply.alerts` are the remarks, `reply.data` what else the
  model measured (see the LIVE metrics).
* *Judged*: `judged=True`. Without a judge the runner skips it (status "skipped") and the report
  says so; with one, use `judge.grade(...)`; a judge that fails or answers nonsense makes the score
  "unscored", never 0. Where a whole dialogue is judged at once, do so in the score of its last item
  (`before` holds the earlier turns) and leave the earlier ones at `Score()`.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase
from typing import Any, ClassVar, Literal, Protocol

from omnilive.core.errors import ConfigError
from omnilive.core.registry import Registry
from omnilive_lab.bench.options import Takes

BENCHMARKS = Registry(
    "benchmark",
    {
        "dev-clips": "omnilive_lab.bench.dev_clips:DevClips",
        "quiz": "omnilive_lab.bench.quiz:Quiz",
        "mlvu": "omnilive_lab.bench.mlvu:MLVU",
        "mvbench": "omnilive_lab.bench.mvbench:MVBench",
        "videomme": "omnilive_lab.bench.videomme:VideoMME",
        "streamingbench": "omnilive_lab.bench.streamingbench:StreamingBench",
        "ovobench": "omnilive_lab.bench.ovobench:OVOBench",
        "librispeech": "omnilive_lab.bench.librispeech:LibriSpeech",
        "wenetspeech": "omnilive_lab.bench.wenetspeech:WenetSpeech",
        "mmbench_video": "omnilive_lab.bench.mmbench_video:MMBenchVideo",
        "svbench": "omnilive_lab.bench.svbench:SVBench",
        "ego4d_narration": "omnilive_lab.bench.ego4d_narration:Ego4DNarration",
        "coin": "omnilive_lab.bench.coin:Coin",
    },
)

Status = Literal["scored", "skipped", "unscored", "failed"]
Span = tuple[float, float]  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What is shown: a media file, or a folder of numbered pictures at `fps` a second.

    Of a file only `start_s` to `end_s` exists for the model (None: to its end), and the times of
    an item count from `start_s`.
    """

    path: Path
    start_s: float = 0.0
    end_s: float | None = None
    fps: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question, or one thing to transcribe, narrate or look out for.

    `t` is when it is asked, in seconds of the clip; None for the end. `choices` are the options
    without their letters, `labels` what a reply picks them by (letters, "Yes"/"No", numbers):
    the random baseline draws from them. `answer` is the right label, or the right text.
    `evidence_s` is where in the clip the answer is to be seen, if the annotation tells.
    """

    id: str  # as in the official file where it has one
    clip: Clip
    question: str
    answer: str = ""
    t: float | None = None
    choices: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    task: str = ""
    category: str = ""
    group: str = ""
    evidence_s: tuple[Span, ...] = ()
    push: bool = False
    transcribe: bool = False
    narrate: bool = False
    judged: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])  # JSON values


def letters(count: int) -> tuple[str, ...]:
    """Return the first capital letters, the usual labels."""
    return tuple(ascii_uppercase[:count])


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a run asks: what prompts may depend on. `frames` is how many pictures go with one."""

    mode: Literal["offline", "online"] = "offline"
    frames: int = 0
    options: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is asked at stream time `t` (None: at the end of the clip).

    `text` is the user's message exactly as the official script sends it; `prefill` begins the
    assistant's reply (it is not part of the reply). `plain` is the same question as a person would
    put it to a session, options included and instructions to a model left out; empty for `text`.
    Pictures are sampled between `since_s` and `t`.
    """

    text: str
    system: str = ""
    prefill: str = ""
    plain: str = ""
    t: float | None = None
    since_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The model spoke up at stream time `t`, of what happened at `at_s`."""

    t: float
    text: str
    at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a reply took, in seconds. Kept apart from the results: it differs in each run.

    `lag_s` is how long perception needed to catch up with the question (online).
    """

    first_token_s: float | None = None
    total_s: float | None = None
    lag_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model said. `error` says why it said nothing; `evidence` is what it cites.

    `text` is what is scored. A session that is given options replies in words; then `text` is the
    label that the words pick, if any, and `data["said"]` the words.
    """

    text: str = ""
    evidence: tuple[Span, ...] = ()
    supported: bool | None = None
    alerts: tuple[Alert, ...] = ()
    error: str = ""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])  # JSON values
    cost: Cost = Cost()


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a reply is worth. `official` and `strict` are 0 to 1, or in the benchmark's own unit.

    `parts` holds more figures (judged dimensions, edit distance and length); `judge` what a judge
    said. A status other than "scored" comes with a `detail` that says why.
    """

    official: float | None = None
    strict: float | None = None
    parts: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    status: Status = "scored"
    detail: str = ""
    judge: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question of the same group, and what was replied."""

    item: Item
    reply: Reply


@dataclass(frozen=True, slots=True)
class Row:
    """One finished item."""

    item: Item
    reply: Reply
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The figures of a run: name of a column, as in the published table, to its value.

    Values are in the published unit (mostly per cent). `counts` says how many items are behind
    each, `definition` how they are computed, `headline` which one is the total.
    """

    official: Mapping[str, float | None]
    strict: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    headline: str
    definition: str
    notes: Sequence[str] = ()  # traps of this benchmark that a reader of the figures should know


@dataclass(frozen=True, slots=True)
class Mark:
    """A number that a judge is to give: group 1 of `pattern` in its reply, within the bounds."""

    name: str
    pattern: str
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge gave: None when it failed or kept answering nonsense. `said` is its reply."""

    marks: Mapping[str, float] | None
    said: str


class Judge(Protocol):
    """Who marks open answers (judge.py)."""

    name: str

    def grade(self, text: str, marks: Sequence[Mark], system: str = "") -> Verdict:
        """Ask, again if needed, until every mark is found within its bounds."""
        ...


class Benchmark:
    """Base of all benchmarks. Class attributes say what it is; `options` are its settings."""

    name: ClassVar[str]  # as on the command line
    title: ClassVar[str]  # as in reports
    published: ClassVar[str] = ""  # key in evaluation/published.json, whose columns we use
    need: ClassVar[str]  # what to download and where to put it, shown when data is missing
    frames: ClassVar[str] = "uniform:32"  # default policy, see sampling.py
    options: ClassVar[Mapping[str, str]] = {}  # name -> default, set by `--option name=value`
    takes: ClassVar[Mapping[str, Takes]] = {}  # name -> what it may be, where that is limited

    def __init__(self, options: Mapping[str, str] | None = None) -> None:
        given = dict(options or {})
        if unknown := sorted(given.keys() - self.options.keys()):
            known = ", ".join(sorted(self.options)) or "none"
            raise ConfigError(f"{self.name} has no option {unknown[0]!r}; its options: {known}")
        for name, value in given.items():
            if name in self.takes and not self.takes[name].holds(value):
                raise ConfigError(
                    f"{self.name}: option {name} should be {self.takes[name]}, and is {value!r}"
                )
        self.chosen = {**self.options, **given}

    def load(self, data: Path) -> list[Item]:
        """Read the official files under `data` (see reading.py for clear errors).

        Raises ConfigError that names file, line and field; with `need` when files are missing.
        """
        raise NotImplementedError

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the official prompt. `before` are the earlier turns of its group."""
        raise NotImplementedError

    def dialogue(
        self, item: Item, before: Sequence[Turn], setup: Setup
    ) -> Generator[Prompt, Reply, Reply]:
        """Ask (offline); return the reply that counts. One prompt, unless overridden."""
        return (yield self.prompt(item, before, setup))

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score a reply of any shape; never raises for what a model said."""
        raise NotImplementedError

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the official figures of these rows, whatever is missing among them."""
        raise NotImplementedError

    def make(self, out: Path, seed: int = 0) -> None:
        """Write a small made set in the exact official layout, with real media (films.py)."""
        raise NotImplementedError


def by_name(name: str, options: Mapping[str, str] | None = None) -> Benchmark:
    """Return the benchmark of this name; ConfigError lists the known ones."""
    return BENCHMARKS.load(name)(options)
