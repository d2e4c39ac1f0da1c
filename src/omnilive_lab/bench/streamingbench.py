"""StreamingBench: 4500 questions asked while 900 videos run, and when to speak unasked.

J. Lin and others, "StreamingBench", arXiv 2411.03628. Four parts: real-time, omni-source (its file
holds two contextual tasks as well), sequential questions, and proactive output. The last is polled
offline, as published, with the wanted output in the poll; online it is a standing watch, and the
session speaks up by itself.
"""

import json
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

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
from omnilive_lab.bench.figures import Which, accuracies, accuracy, mean, percent, split
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.letters import first_character
from omnilive_lab.bench.mcq import (
    answer_letter,
    choice_score,
    with_letters,
    without_letters,
)
from omnilive_lab.bench.options import Number, Words
from omnilive_lab.bench.reading import Record, entries, require

PARTS = ("real", "omni", "sqa", "proactive")
TASKS = {  # the first word of "task_type", which is spelled in several ways
    "object": "OP", "causal": "CR", "clips": "CS", "attribute": "ATP", "event": "EU",
    "text": "TR", "prospective": "PR", "spatial": "SU", "action": "ACP", "counting": "CT",
    "emotion": "ER", "scene": "SCU", "source": "SD", "multimodal": "MA",
    "anomaly": "ACU", "misleading": "MCU", "sequential": "SQA", "proactive": "PO",
}  # fmt: skip
CODES = list(TASKS.values())
GROUPS = {"Overall": CODES[:10], "Omni": CODES[10:14], "Contextual": CODES[14:]}
NEED = """StreamingBench: questions from https://github.com/THUNLP-MT/StreamingBench (src/data),
videos from https://huggingface.co/datasets/mjuicem/StreamingBench (its zip files)
  DATA/questions_real.json, questions_omni.json, questions_sqa.json, questions_proactive.json
                          (any of them; the *_stream.json files in their place are read too)
  DATA/videos/*.mp4       under the names of "video_path", as its scripts/preprocess.sh puts them"""
CHOOSE = (
    "You are an advanced video question-answering AI assistant. You have been provided with some"
    " frames from the video and a multiple-choice question related to the video. Your task is to"
    " carefully analyze the video and provide the best answer to question, choosing from the four"
    " options provided. Respond with only the letter (A, B, C, or D) of the correct option.\n\n"
    "Question: {}\n\nOptions:\n{}\n\nThe best option is:"
)
SEQUENTIAL = (
    "You are an advanced video question-answering AI assistant. You have been provided with a video"
    " and a multiple-choice question related to the video. Your task is to carefully analyze the"
    " video and the provided context to answer the question, choosing from the four options"
    " provided. Respond with only the letter (A, B, C, or D) of the correct option.\n\n{}\n\n"
    "Here is the question. Answer it and don't confuse it with the previous conversation.\n"
    "Question: {}\n\nOptions:\n{}\n\nThe best option is:"
)
CONTEXT = (
    "Here are the contextual information related to the video. Please answer the questions based on"
    " the contextual information: "
)
EARLIER = (
    "At timestamp {}, the following question and answer occurred: Question: {}; Options: {};"
    " Answer: {}; "
)
PROACTIVE = (
    "You are an advanced image question-answering AI assistant. You have been provided with images"
    " and a question related to the images. Your task is to carefully analyze the images and"
    " provide the answer to the question. You need to carefully confirm whether the images content"
    " meet the conditions of the question, and then output the correct content.\n\n"
    "Question: {}\n\nThe answer is:\n"
)
POLL = '{} Is it the right time to output "{}"? You can only answer yes or no.'
SLACK_S = 2  # an output counts as in time within this of the true moment
POLLED_PAST_S = 4


class StreamingBench(Benchmark):
    """One item a question, at its time stamp, after `context_s` seconds (-1: all of the video)."""

    name = "streamingbench"
    title = "StreamingBench"
    published = "streamingbench_realtime"
    need = NEED
    frames = "fps:1"
    options = {"parts": ",".join(PARTS), "context_s": "60"}
    takes = {"parts": Words(PARTS, several=True), "context_s": Number(-1)}

    def load(self, data: Path) -> list[Item]:
        """Read the parts that are there."""
        wanted = self.chosen["parts"].split(",")
        files = {part: _file(data, part) for part in wanted}
        if not any(path.exists() for path in files.values()):
            require(next(iter(files.values())), NEED)
        found = []
        for part, path in files.items():
            if path.exists():
                found += [_item(data, part, *place) for place in _questions(path)]
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the official prompt; for proactive output the bare question, as a user asks it."""
        if item.push:
            return Prompt(text=PROACTIVE.format(item.question), plain=item.question, t=item.t)
        lines = "\n".join(item.meta["lines"])
        if item.task == "SQA":
            text = SEQUENTIAL.format(_context(before), item.question, lines)
        else:
            text = CHOOSE.format(item.question, lines)
        return Prompt(
            text=text, plain=plain_question(item), t=item.t, since_s=self._since_s(item.t or 0.0)
        )

    def _since_s(self, t: float) -> float:
        context_s = float(self.chosen["context_s"])
        return max(0.0, t - context_s) if context_s > 0 else 0.0

    def dialogue(
        self, item: Item, before: Sequence[Turn], setup: Setup
    ) -> Generator[Prompt, Reply, Reply]:
        """Poll each second, as published, and ask for the output at the first yes.

        The poll holds the wanted output (StreamingBench issue 25): this measures timing alone.
        """
        if not item.push:
            return (yield self.prompt(item, before, setup))
        start_s, reply = item.t or 0.0, Reply()
        poll = PROACTIVE.format(POLL.format(item.question, item.answer))
        for second in range(int(start_s) + 1, int(item.meta["true_s"]) + POLLED_PAST_S + 1):
            reply = yield Prompt(text=poll, t=second, since_s=start_s)
            if "yes" in reply.text.strip().lower():
                text = PROACTIVE.format(item.question)
                reply = yield Prompt(text=text, t=second, since_s=start_s)
                return _at(reply, second)
        return _at(reply, None)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score the first character; of proactive output the time, and what was said in time."""
        if item.push:
            return _timing(item, reply)
        # Where an official script would crash (an empty reply) it counts as wrong, but for SQA,
        # whose branch skips what is empty.
        skipped = item.task == "SQA" and not reply.text
        official = None if skipped else float(first_character(reply.text) == item.answer)
        return choice_score(item, reply, official)

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the accuracy of each task, each group and of all; every question counts alike."""
        counts = {task: len(part) for task, part in split(rows, lambda item: item.task).items()}
        of_groups = {n: sum(counts.get(c, 0) for c in codes) for n, codes in GROUPS.items()}
        return Summary(
            official=_figures(rows, "official"),
            strict=_figures(rows, "strict"),
            counts={**counts, **of_groups, "Total": len(rows)},
            headline="Overall",
            definition=(
                "per cent right; Overall is the real-time part, Total all parts, both over"
                " questions (micro). PO: per cent output within 2 s of the true moment; 'PO answer'"
                ": with the true output in it as well"
            ),
            notes=(
                "official takes the first character of a reply, ' B' and '(B)' are wrong",
                "official leaves out empty replies to sequential questions",
                "offline PO is polled with the wanted output in the poll; online it is a watch",
                "official 'PO answer' takes a substring: '3' is in '30'",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write a film that turns from red to blue, and questions of each part about it."""
        film = f"./videos/made_{seed}.mp4"
        scenes = [Scene(0, 5, "red", "ONE"), Scene(5, 12, "blue", "TWO")]
        write_film(out / film, scenes)
        for part, made in _made(film).items():
            (out / f"questions_{part}.json").write_text(json.dumps(made, indent=1))


def _file(data: Path, part: str) -> Path:
    stream = data / f"questions_{part}_stream.json"
    usual = data / f"questions_{part}.json"
    return stream if stream.exists() and not usual.exists() else usual


def _questions(path: Path) -> Iterator[tuple[Record, Record, str, str]]:
    """Yield (entry, question, id, group) of a file; that of SQA is a list of lists."""
    for i, (at, value) in enumerate(entries(path, NEED)):
        steps = value if isinstance(value, list) else [value]
        count = 0
        for step in steps:
            entry = Record(at, {}).inner("questions of one video", step)
            for question in entry.each("questions"):
                yield entry, question, f"{i}-{count}", str(i)
                count += 1


def _item(data: Path, part: str, entry: Record, asked: Record, id: str, group: str) -> Item:
    kind = asked.text("task_type")
    task = TASKS.get(re.split(r"[\s-]", kind.strip().lower())[0])
    if task is None:
        asked.refuse("task_type", kind, "a task of StreamingBench")
    clip = Clip(path=data / entry.text("video_path"))
    common: dict[str, Any] = {
        "id": f"{part}-{id}", "clip": clip, "question": asked.text("question"),
        "t": asked.seconds("time_stamp"), "task": task, "category": part,
    }  # fmt: skip
    if part == "proactive":
        true_s = asked.seconds("ground_truth_time_stamp")
        answer = asked.text("ground_truth_output")
        return Item(**common, answer=answer, push=True, meta={"true_s": true_s})
    lines = asked.texts("options")
    options = without_letters(lines)
    # As published: letters are put before the options only where the first has none.
    lettered = bool(lines) and lines[0].startswith("A.")
    return Item(
        **common,
        answer=answer_letter(asked, "answer", len(options)),
        choices=options,
        labels=letters(len(options)),
        group=f"sqa-{group}" if part == "sqa" else "",
        meta={
            "time_stamp": asked.text("time_stamp"),
            "lines": lines if lettered else with_letters(lines),
        },
    )


def _context(before: Sequence[Turn]) -> str:
    """Return the earlier questions with their true answers, whatever the model replied."""
    told = [
        EARLIER.format(
            turn.item.meta["time_stamp"],
            turn.item.question,
            ", ".join(turn.item.meta["lines"]),
            turn.item.answer,
        )
        for turn in before
    ]
    return CONTEXT + "".join(told) if told else ""


def _at(reply: Reply, second: int | None) -> Reply:
    """Return the reply that counts of a poll, with when it was given."""
    return Reply(text=reply.text, error=reply.error, data={"spoke_s": second}, cost=reply.cost)


def _timing(item: Item, reply: Reply) -> Score:
    """Score when the output came and what it was; a watch counts from its first alert."""
    spoke_s, said = reply.data.get("spoke_s"), reply.text
    heard = sorted((a for a in reply.alerts if a.t >= (item.t or 0.0)), key=lambda a: a.t)
    if heard:
        spoke_s, said = heard[0].t, heard[0].text
    in_time = spoke_s is not None and abs(spoke_s - item.meta["true_s"]) <= SLACK_S
    words = rf"(?<!\w){re.escape(item.answer.casefold())}(?!\w)"
    strict = in_time and re.search(words, said.casefold()) is not None
    return Score(
        official=float(in_time),
        strict=float(strict),
        parts={"answer": float(in_time and item.answer in said), "spoke_s": spoke_s},
    )


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    by = accuracies(rows, lambda item: item.task, which)
    figures = {code: by.get(code) for code in CODES}
    groups = {
        name: accuracy([row for row in rows if row.item.task in codes], which)
        for name, codes in GROUPS.items()
    }
    said = [row.score.parts.get("answer") for row in rows if row.item.push]
    answer = percent(mean(said)) if which == "official" else by.get("PO")
    return {**figures, "PO answer": answer, **groups, "Total": accuracy(rows, which)}


def _made(film: str) -> dict[str, list[Any]]:
    """Return the files of a made set."""
    colours = ["Red.", "Green.", "Blue.", "Yellow."]

    def entry(kind: str, question: str, stamp: str, **more: Any) -> dict[str, Any]:
        asked = {"task_type": kind, "question": question, "time_stamp": stamp, **more}
        return {
            "time": "[0:00:00 - 0:00:10]",
            "questions": [asked | {"required_ability": "working memory"}],
            "video_categories": "made",
            "video_path": film,
        }

    def choice(kind: str, question: str, stamp: str, answer: str, lettered: bool) -> dict[str, Any]:
        options = with_letters(colours) if lettered else colours
        return entry(kind, question, stamp, answer=answer, options=options)

    now = "What is the colour of the picture right now?"
    return {
        "real": [
            choice("Attribute Recognition", now, "00:00:03", "A", True),
            choice("Attribute Recognition", now, "00:00:08", "C", True),
            choice("Counting", "Which colour came second?", "00:00:10", "C", True),
        ],
        "omni": [
            choice("Scene Understanding", now, "00:00:09", "C", True),
            choice("Misleading Context Understanding", now, "00:00:04", "A", True),
        ],
        "sqa": [
            [
                choice("Sequential Question Answering", now, "00:00:02", "A", False),
                choice("Sequential Question Answering", now, "00:00:07", "C", False),
            ]
        ],
        "proactive": [
            entry(
                "Proactive Output",
                'When the word on the picture is "TWO", output "TWO".',
                "00:00:01",
                ground_truth_time_stamp="00:00:05",
                ground_truth_output="TWO",
            )
        ],
    }
