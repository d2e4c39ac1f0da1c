"""LibriSpeech: word error rates on read English, dev and test, clean and other.

V. Panayotov and others, "LibriSpeech", ICASSP 2015. Read from its folders of .flac and .trans.txt,
or from the jsonl of Qwen2-Audio's evaluation; scored as that evaluation does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnilive.core.errors import ConfigError
from omnilive_lab.bench.base import (
    Benchmark,
    Item,
    Judge,
    Prompt,
    Reply,
    Row,
    Score,
    Setup,
    Summary,
    Turn,
)
from omnilive_lab.bench.films import write_sound
from omnilive_lab.bench.mcq import Ids, media
from omnilive_lab.bench.options import Words
from omnilive_lab.bench.reading import Record, read_text, records, require
from omnilive_lab.bench.speech import counts, error_rates, error_score, recording
from omnilive_lab.metrics.normalise import english_words, plain_words

SETS = ("dev-clean", "dev-other", "test-clean", "test-other")
NEED = """LibriSpeech: from https://www.openslr.org/12 (dev-*.tar.gz and test-*.tar.gz, unpacked)
  DATA/LibriSpeech/test-clean/1089/134686/1089-134686.trans.txt, 1089-134686-0000.flac ...
  (any of dev-clean, dev-other, test-clean, test-other; also without the folder LibriSpeech), or
  DATA/librispeech_eval.jsonl    {"audio", "gt", "source"} a line, audio relative to DATA"""
MADE = {
    "1-1": ["The harbour opens at nine."],
    "2-1": ["The package is on the second shelf."],
}


class LibriSpeech(Benchmark):
    """One item a recording."""

    name = "librispeech"
    title = "LibriSpeech"
    published = "asr"
    need = NEED
    frames = "none"
    options = {"sets": ",".join(SETS)}
    takes = {"sets": Words(SETS, several=True)}

    def load(self, data: Path) -> list[Item]:
        """Read the jsonl file if there is one, else the sets that are there."""
        wanted = self.chosen["sets"].split(",")
        listed = data / "librispeech_eval.jsonl"
        if listed.exists():
            return [item for item in _listed(listed, data) if _set_of(item) in wanted]
        root = data / "LibriSpeech" if (data / "LibriSpeech").is_dir() else data
        there = [name for name in wanted if (root / name).is_dir()]
        if not there:
            require(root / wanted[0], NEED)
        return [item for name in there for item in _folder(root / name, name)]

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """There is nothing to ask: a recording is transcribed."""
        return Prompt(text="Detect the language and recognize the speech.")

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Count errors after Whisper's English normaliser; strictly, without one."""
        return error_score(item, reply, english_words, plain_words)

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the word error rate of each set and of all."""
        return Summary(
            official=error_rates(rows, "official"),
            strict=error_rates(rows, "strict"),
            counts=counts(rows),
            headline="All",
            definition=(
                "word error rate in per cent: errors of all recordings by words of all references"
                " (no mean of recordings)"
            ),
            notes=(
                "official unites spellings, numbers and contractions by Whisper's normaliser;"
                " strict only drops case and punctuation",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write test-clean with sentences spoken by hibari, as .flac and .wav."""
        from hibari import Hibari

        voice = Hibari()
        for chapter, sentences in MADE.items():
            speaker, number = chapter.split("-")
            folder = out / "LibriSpeech" / "test-clean" / speaker / number
            lines = []
            for i, sentence in enumerate(sentences):
                name = f"{chapter}-{i:04}"
                suffix = ".flac" if speaker == "1" else ".wav"
                write_sound(folder / f"{name}{suffix}", _spoken(voice, sentence, seed))
                lines.append(f"{name} {sentence.upper().strip('.')}\n")
            (folder / f"{chapter}.trans.txt").write_text("".join(lines))


def _folder(folder: Path, name: str) -> Iterator[Item]:
    """Yield the recordings of a set, by speaker and chapter."""
    ids = Ids()
    scripts = sorted(folder.glob("**/*.trans.txt"))
    if not scripts:
        raise ConfigError(f"{folder} holds no .trans.txt.\n{NEED}")
    for script in scripts:
        for number, line in enumerate(read_text(script, NEED).splitlines(), 1):
            id, _, words = line.strip().partition(" ")
            record = Record(f"{script}, line {number}", {"id": id, "words": words.strip()})
            if not words.strip():
                raise ConfigError(f"{record.at}: should be an id, a blank and the words")
            places = [script.parent / f"{id}{suffix}" for suffix in (".flac", ".wav")]
            path = media(*places)
            ids.new(record, "id", id)
            yield recording(id, path, words.strip(), f"LibriSpeech {name}")


def _listed(path: Path, data: Path) -> Iterator[Item]:
    ids = Ids()
    for record in records(path, NEED):
        audio, source = record.text("audio"), record.text("source").replace("_", "-")
        names = [name for name in SETS if source.endswith(name)]
        if not names:
            record.refuse("source", record.text("source"), f"one of {', '.join(SETS)}")
        file = data / audio
        id = ids.new(record, "audio", audio)
        yield recording(id, file, record.text("gt"), f"LibriSpeech {names[0]}")


def _set_of(item: Item) -> str:
    return item.task.removeprefix("LibriSpeech ")


def _spoken(voice: Any, sentence: str, seed: int) -> np.ndarray:
    """Say a sentence.

    Shapes: (S,) float32 at 16 kHz.
    """
    from hibari import SAMPLE_RATE

    pcm = np.asarray(voice(sentence, seed=seed), np.float32)
    count = round(len(pcm) * 16000 / SAMPLE_RATE)
    return np.interp(np.linspace(0, len(pcm) - 1, count), np.arange(len(pcm)), pcm).astype("f4")
