"""Video-MME: 2700 questions with four options over 900 videos, short, medium and long.

C. Fu and others, "Video-MME", arXiv 2405.21075. Prompt as VLMEvalKit sends it, or as the site does
(`--option prompt=site`); scored as the site's `eval_your_results.py`.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import (
    Benchmark,
    Clip,
    Item,
    Judge,
    Prompt,
    Reply,
    Row,
    Score,
    Setup,
    Summary,
    Turn,
    letters,
)
from omnilive_lab.bench.choices import plain_question
from omnilive_lab.bench.figures import Which, accuracies, accuracy, split
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.letters import first_capital
from omnilive_lab.bench.mcq import (
    Ids,
    answer_letter,
    choice_score,
    media,
    with_letters,
    without_letters,
)
from omnilive_lab.bench.options import Words
from omnilive_lab.bench.reading import Record, require

NEED = """Video-MME: from https://huggingface.co/datasets/lmms-lab/Video-MME
  DATA/videomme/test-00000-of-00001.parquet   (reading it needs: pip install 'omnilive[eval]')
  DATA/video/VIDEOID.mp4                      all videos_chunked_*.zip, unpacked (DATA/data too)
  DATA/subtitle/VIDEOID.srt                   subtitle.zip, only for --option subtitles=yes"""
ASK = (
    "Select the best answer to the following multiple-choice question based on the video."
    " Respond with only the letter (A, B, C, or D) of the correct option.\n"
)
FRAMES = "\nThese are the frames of a video. "  # VLMEvalKit's alone
SUBTITLED = "This video's subtitles are listed below:\n{}\n"
DURATIONS = {"short": "Short", "medium": "Medium", "long": "Long"}


class VideoMME(Benchmark):
    """One item a question; nothing later than the video's end, nothing cut."""

    name = "videomme"
    title = "Video-MME"
    published = "video_mme"
    need = NEED
    frames = "uniform:64"
    options = {"subtitles": "no", "prompt": "vlmevalkit"}
    takes = {"subtitles": Words(("no", "yes")), "prompt": Words(("vlmevalkit", "site"))}

    def load(self, data: Path) -> list[Item]:
        """Read the parquet file of the Hugging Face repository."""
        ids, found = Ids(), []
        for record in parquet(data / "videomme" / "test-00000-of-00001.parquet"):
            lines = record.texts("options")
            options = without_letters(lines)
            video = record.text("videoID")
            places = [data / folder / f"{video}.mp4" for folder in ("video", "data")]
            duration = record.text("duration")
            if duration not in DURATIONS:
                record.refuse("duration", duration, "short, medium or long")
            found.append(
                Item(
                    id=ids.new(record, "question_id", record.text("question_id")),
                    clip=Clip(path=media(*places)),
                    question=record.text("question"),
                    answer=answer_letter(record, "answer", len(options)),
                    choices=options,
                    labels=letters(len(options)),
                    task=record.text("task_type"),
                    category=DURATIONS[duration],
                    meta={
                        "lines": lines,
                        "domain": record.text("domain"),
                        "sub_category": record.text("sub_category"),
                        "subtitles": str(data / "subtitle" / f"{video}.srt"),
                    },
                )
            )
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the prompt of VLMEvalKit (it ends with a blank), or the site's."""
        lines = "\n".join([item.question, *item.meta["lines"]])
        spoken = self._spoken(item, setup) if self.chosen["subtitles"] == "yes" else ""
        if self.chosen["prompt"] == "site":
            text = f"{spoken}{ASK}{lines}\nThe best answer is:"
        else:
            text = f"{FRAMES}{spoken}{ASK}Question: {lines}\nAnswer: "
        return Prompt(text=text, plain=plain_question(item))

    def _spoken(self, item: Item, setup: Setup) -> str:
        path = Path(item.meta["subtitles"])
        if not path.exists():
            return ""  # 156 of the 900 videos have none
        said = list(subtitles(path))
        length_s = max((end for _, end, _ in said), default=0.0)
        count = setup.frames or 64
        times = [length_s * (i + 1) / (count + 1) for i in range(count)]
        shown = (next((w for s, e, w in said if s < t < e), "") for t in times)
        return SUBTITLED.format("\n".join(words for words in shown if words))

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score as the site does: a reply without a capital A to D is not counted at all."""
        chosen = first_capital(reply.text)
        return choice_score(item, reply, float(chosen == item.answer) if chosen else None)

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the accuracy of each duration and of all."""
        parts = split(rows, lambda item: item.category)
        return Summary(
            official=_figures(rows, "official"),
            strict=_figures(rows, "strict"),
            counts={**{n: len(part) for n, part in parts.items()}, "Overall": len(rows)},
            headline="Overall",
            definition="per cent right of the questions answered, by duration and in all",
            notes=(
                "official takes the first capital A to D anywhere in a reply ('Answer: C' is A)",
                "official leaves out replies without one instead of counting them wrong",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write six questions over three films of one colour each."""
        rows = []
        for i, (colour, duration) in enumerate(
            [("red", "short"), ("green", "medium"), ("blue", "long")]
        ):
            video = f"made{seed}_{i}"
            write_film(out / "video" / f"{video}.mp4", [Scene(0, 4 + i, colour, "ball")])
            rows += [_made(video, i, j, colour, duration) for j in range(2)]
        write_parquet(out / "videomme" / "test-00000-of-00001.parquet", rows)


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    by = accuracies(rows, lambda item: item.category, which)
    return {name: by.get(name) for name in DURATIONS.values()} | {"Overall": accuracy(rows, which)}


def _made(video: str, i: int, j: int, colour: str, duration: str) -> dict[str, Any]:
    names = ["red", "green", "blue", "yellow"]
    names = names[j:] + names[:j]
    return {
        "video_id": f"{i + 1:03}", "duration": duration, "domain": "Knowledge",
        "sub_category": "Technology", "url": f"https://example.org/{video}", "videoID": video,
        "question_id": f"{i + 1:03}-{j + 1}", "task_type": "Attribute Perception",
        "question": "What is the colour of the picture?",
        "options": with_letters([f"{name.capitalize()}." for name in names]),
        "answer": "ABCD"[names.index(colour)],
    }  # fmt: skip


def subtitles(path: Path) -> Iterator[tuple[float, float, str]]:
    """Yield (start, end, words) of a .srt file."""
    clock = r"(\d+):(\d+):(\d+)[,.](\d+)"
    blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8-sig", errors="replace"))
    for block in blocks:
        if found := re.search(rf"{clock}\s*-->\s*{clock}[^\n]*\n(.*)", block, re.S):
            h, m, s, ms, h2, m2, s2, ms2 = (int(n) for n in found.groups()[:8])
            start_s, end_s = (
                h * 3600 + m * 60 + s + ms / 1000,
                h2 * 3600 + m2 * 60 + s2 + ms2 / 1000,
            )
            yield start_s, end_s, " ".join(found[9].split())


def parquet(path: Path) -> Iterator[Record]:
    """Yield the rows of a parquet file."""
    require(path, NEED)
    tables = _pyarrow()
    try:
        rows = tables.read_table(str(path)).to_pylist()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: no parquet file ({error}): download it again") from error
    yield from (Record(f"{path}, row {i}", row) for i, row in enumerate(rows))


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as a parquet file."""
    tables = _pyarrow()
    import pyarrow

    path.parent.mkdir(parents=True, exist_ok=True)
    tables.write_table(pyarrow.Table.from_pylist(rows), str(path))


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ConfigError("Video-MME is a parquet file: pip install 'omnilive[eval]'") from error
    return pyarrow.parquet
