"""WenetSpeech: character error rates on Chinese from the net and from meetings.

B. Zhang and others, "WenetSpeech", arXiv 2110.03370. Read from the two jsonl files of
Qwen2-Audio's evaluation, and scored as it does.
"""

import json
from collections.abc import Sequence
from pathlib import Path

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
from omnilive_lab.bench.films import tone, write_sound
from omnilive_lab.bench.mcq import Ids
from omnilive_lab.bench.reading import records, require
from omnilive_lab.bench.speech import counts, error_rates, error_score, recording
from omnilive_lab.metrics.normalise import chinese_characters, plain_characters

# By file: the rows of meetings, too, have "wenet_test_net" for a source.
FILES = {
    "wenet_test_net.jsonl": "WenetSpeech Test_Net",
    "wenet_test_meeting.jsonl": "WenetSpeech Test_Meeting",
}
NEED = """WenetSpeech: TEST_NET and TEST_MEETING from https://wenet.org.cn/WenetSpeech (by request),
cut into one file a segment, with Qwen2-Audio's lists (eval_audio/EVALUATION.md)
  DATA/wenet_test_net.jsonl, DATA/wenet_test_meeting.jsonl    either or both
                                  {"audio", "gt", "source"} a line, audio relative to DATA"""
MADE = {
    "wenet_test_net.jsonl": ["今天天气很好", "他出生于一九九五年三月一日"],
    "wenet_test_meeting.jsonl": ["我们九点开会"],
}


class WenetSpeech(Benchmark):
    """One item a recording."""

    name = "wenetspeech"
    title = "WenetSpeech"
    published = "asr"
    need = NEED
    frames = "none"

    def load(self, data: Path) -> list[Item]:
        """Read the lists that are there."""
        there = [name for name in FILES if (data / name).exists()]
        if not there:
            require(data / next(iter(FILES)), NEED)
        found, ids = [], Ids()
        for name in there:
            for record in records(data / name, NEED):
                audio = record.text("audio")
                record.text("source")  # required, and of no use: see FILES
                path = data / audio
                id = ids.new(record, "audio", audio)
                found.append(recording(id, path, record.text("gt"), FILES[name]))
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """There is nothing to ask: a recording is transcribed."""
        return Prompt(text="Detect the language and recognize the speech.")

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Count errors in characters, numbers as they are read; strictly, numbers as written."""
        return error_score(item, reply, chinese_characters, plain_characters)

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the character error rate of each list and of all."""
        return Summary(
            official=error_rates(rows, "official"),
            strict=error_rates(rows, "strict"),
            counts=counts(rows),
            headline="All",
            definition=(
                "character error rate in per cent: errors of all recordings by characters of all"
                " references"
            ),
            notes=(
                "sets go by file: the list of meetings names the net as its source",
                "official reads numbers aloud first (SpeechIO's rules), strict leaves them",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write both lists with tones for recordings: there is no Chinese voice to speak them."""
        for name, sentences in MADE.items():
            lines = []
            for i, sentence in enumerate(sentences):
                audio = f"audio/{Path(name).stem}_{seed}_{i}.wav"
                write_sound(out / audio, tone(1.0, 300.0 + 100 * i))
                line = {"audio": audio, "gt": sentence, "source": "wenet_test_net"}
                lines.append(json.dumps(line, ensure_ascii=False) + "\n")
            (out / name).write_text("".join(lines), encoding="utf-8")
