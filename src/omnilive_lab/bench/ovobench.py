"""OVO-Bench: 1640 entries on the past, the present, and on waiting until enough has been seen.

Y. Li and others, "OVO-Bench", arXiv 2501.05510. Forward tasks are asked at each time of their
`test_info`; of every video only what was before the question is shown.
"""

import json
from collections.abc import Iterator, Sequence
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
    Span,
    Summary,
    Turn,
    letters,
)
from omnilive_lab.bench.choices import plain_question
from omnilive_lab.bench.figures import Which, accuracies, mean, split
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.letters import contains, joined_digits, read_number, read_yes_no
from omnilive_lab.bench.mcq import Ids, choice_score, media, with_letters
from omnilive_lab.bench.options import Words
from omnilive_lab.bench.reading import Record, records

CATEGORIES = {
    "Backward": ("EPM", "ASI", "HLD"),
    "Real-time": ("STU", "OJR", "ATR", "ACR", "OCR", "FPD"),
    "Forward": ("REC", "SSR", "CRR"),
}
CATEGORY = {task: name for name, tasks in CATEGORIES.items() for task in tasks}
NEED = """OVO-Bench: from https://huggingface.co/datasets/JoeLeelyf/OVO-Bench
  DATA/ovo_bench_new.json          (data/ of https://github.com/JoeLeelyf/OVO-Bench)
  DATA/src_videos/Ego4D/clips/...  the source videos (44 GB), under the names of "video"; or
  DATA/chunked_videos/ID.mp4       the cut ones (144 GB; ID_0.mp4, ID_1.mp4 ... of forward tasks)"""


def _block(*lines: str) -> str:
    """Return lines as the official strings have them, indentation included."""
    return "\n" + "".join(f"{'':16}{line}\n" for line in lines) + f"{'':12}"


SHORT = "Do not include any additional text or explanation in your response."
CHOOSE = _block(
    "Question: {question}",
    "Options:",
    "{options}",
    "Respond only with the letter corresponding to your chosen option (e.g., A, B, C). ",
    SHORT,
)
REPEATED = " " + _block(
    "You're watching a video in which people may perform a certain type of action repetively. ",
    "The person performing this kind of action are referred to as 'they' in the following"
    " statement.",
    "You're task is to count how many times have different people in the video perform this kind"
    " of action in total.",
    "One complete motion counts as one. ",
    "Now, answer the following question: How many times did they {activity}?",
    "Provide your answer as a single number (e.g., 0, 1, 2, 3…) indicating the total count.",
    SHORT,
)
STEP = _block(
    "You're watching a tutorial video which contain a sequential of steps. ",
    "The following is one step from the whole procedures: ",
    "{step}",
    "Your task is to determine if the man or woman in the video is currently performing this step.",
    "Answer only with “Yes” or “No”.",
    SHORT,
)
CLUE = _block(
    "You're responsible of answering questions based on the video content. ",
    "The following question are relevant to the latest frames, i.e. the end of the video.",
    "{question}",
    "Decide whether existing visual content, especially latest frames, i.e. frames that near the"
    " end of the video, provide enough information for answering the question.",
    "Answer only with “Yes” or “No”.",
    SHORT,
)
PLAIN = {
    "REC": "How many times did they {activity}? Answer with a number.",
    "SSR": "Is somebody doing this right now: {step}? Answer yes or no.",
    "CRR": "Has enough been seen to answer this: {question} Answer yes or no.",
}


class OVOBench(Benchmark):
    """One item a question; one for each time at which a forward question is asked."""

    name = "ovobench"
    title = "OVO-Bench"
    need = NEED
    frames = "uniform:64"
    options = {"crr_from": "start"}  # or "ask": only what came after the question was first asked
    takes = {"crr_from": Words(("start", "ask"))}

    def load(self, data: Path) -> list[Item]:
        """Read ovo_bench_new.json."""
        ids, found = Ids(), []
        for record in records(data / "ovo_bench_new.json", NEED):
            id, task = record.text("id"), record.text("task")
            if task not in CATEGORY:
                record.refuse("task", task, f"one of {', '.join(CATEGORY)}")
            ids.new(record, "id", id)
            make = _forward if CATEGORY[task] == "Forward" else _choice
            found += make(data, record, id, task)
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the official prompt, its indentation and its spelling included."""
        if item.choices:
            lines = "; ".join(with_letters(item.choices)) + ";"
            text = CHOOSE.format(question=item.question, options=lines)
            return Prompt(text=text, plain=plain_question(item), t=item.t)
        form = {"REC": REPEATED, "SSR": STEP, "CRR": CLUE}[item.task]
        words = {"activity": item.question, "step": item.question, "question": item.question}
        asked = self.chosen["crr_from"] == "ask" and item.task == "CRR" and item.t is not None
        return Prompt(
            text=form.format(**words),
            plain=PLAIN[item.task].format(**words),
            t=item.t,
            since_s=item.meta["ask_s"] if asked else 0.0,
        )

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score by substrings and joined digits; beside it by the one thing that was said."""
        said = reply.text
        if item.choices:
            return choice_score(item, reply, float(contains(said, item.answer)))
        if item.task == "REC":
            strict = read_number(said) == int(item.answer)
            return Score(official=float(joined_digits(said) == item.answer), strict=float(strict))
        # "Y" and "N" alone are taken too; a lower-case "yes" is not.
        official = said == item.answer[0] or contains(said, item.answer)
        wanted = item.answer == "Yes"
        return Score(official=float(official), strict=float(read_yes_no(said) is wanted))

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return tasks, categories (means of tasks) and Total (mean of categories)."""
        counts = {task: len(part) for task, part in split(rows, lambda item: item.task).items()}
        of = {n: sum(counts.get(task, 0) for task in tasks) for n, tasks in CATEGORIES.items()}
        return Summary(
            official=_figures(rows, "official"),
            strict=_figures(rows, "strict"),
            counts={**counts, **of, "Total": len(rows), "Mean of tasks": len(rows)},
            headline="Total",
            definition=(
                "per cent right of each task (micro); a category is the mean of its tasks, Total"
                " the mean of the three categories, as in the paper; 'Mean of tasks' is what the"
                " published script prints as its total"
            ),
            notes=(
                "official looks for the letter anywhere: 'Answer: C' is right where A is",
                "official joins all digits: '2 or 3' counts 23, 'three' nothing",
                "official takes 'No' in 'None' or 'Not sure', and does not take 'yes' or 'no'",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write a film of three scenes, and one entry of each task about it."""
        film = f"made/{seed}.mp4"
        scenes = [Scene(0, 4, "red", "ONE"), Scene(4, 8, "green", "TWO"), Scene(8, 12, "blue")]
        write_film(out / "src_videos" / film, scenes)
        made = [{"id": i, "task": task, "video": film} for i, task in enumerate(CATEGORY)]
        for entry in made:
            entry |= _made(entry["task"])
        (out / "ovo_bench_new.json").write_text(json.dumps(made, indent=1), encoding="utf-8")


def _clip(data: Path, record: Record, cut: str) -> tuple[Clip, bool]:
    """Return the clip, and whether it ends with the question."""
    source, chunk = data / "src_videos" / record.text("video"), data / "chunked_videos" / cut
    path = media(source, chunk)
    return Clip(path=path), path == chunk


def _choice(data: Path, record: Record, id: str, task: str) -> Iterator[Item]:
    options, right = record.texts("options"), record.number("gt")
    if right not in range(len(options)):
        record.refuse("gt", right, f"the index of one of {len(options)} options")
    clip, is_cut = _clip(data, record, f"{id}.mp4")
    yield Item(
        id=id,
        clip=clip,
        question=record.text("question"),
        answer=letters(len(options))[int(right)],
        t=None if is_cut else record.seconds("realtime"),
        choices=tuple(options),
        labels=letters(len(options)),
        task=task,
        category=CATEGORY[task],
    )


def _forward(data: Path, record: Record, id: str, task: str) -> Iterator[Item]:
    for index, test in enumerate(record.each("test_info")):
        clip, is_cut = _clip(data, record, f"{id}_{index}.mp4")
        now_s = test.seconds("realtime")
        question, answer, labels, spans = _asked(record, test, task, now_s)
        yield Item(
            id=f"{id}_{index}",
            clip=clip,
            question=question,
            answer=answer,
            t=None if is_cut else now_s,
            labels=labels,
            task=task,
            category="Forward",
            evidence_s=() if is_cut else tuple(spans),
            meta={"ask_s": record.seconds("ask_time")} if task == "CRR" else {},
        )


def _asked(
    record: Record, test: Record, task: str, now_s: float
) -> tuple[str, str, tuple[str, ...], list[Span]]:
    """Return the question, the answer, its labels, and where it is to be seen."""
    if task == "REC":
        count = int(test.number("count"))
        spans = zip(record.numbers("start_times"), record.numbers("end_times"), strict=False)
        labels = tuple(str(n) for n in range(max(10, count + 1)))
        return record.text("activity"), str(count), labels, [s for s in spans if s[0] < now_s]
    kind = test.number("type")
    if kind not in (0, 1):
        test.refuse("type", kind, "0 or 1")
    answer, labels = ("Yes" if kind else "No"), ("Yes", "No")
    if task == "CRR":
        spans = [(record.seconds("clue_time"), now_s)] if kind else []
        return record.text("question"), answer, labels, spans
    step, steps = test.text("step"), record.texts("all_steps")
    starts, ends = record.numbers("start_time"), record.numbers("end_time")
    rows = zip(steps, starts, ends, strict=False)
    return step, answer, labels, [(s, e) for name, s, e in rows if name == step and kind]


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    by = accuracies(rows, lambda item: item.task, which)
    figures: dict[str, float | None] = {task: by.get(task) for task in CATEGORY}
    means = {name: mean(by.get(task) for task in tasks) for name, tasks in CATEGORIES.items()}
    figures |= means
    return figures | {"Total": mean(means.values()), "Mean of tasks": mean(by.values())}


def _made(task: str) -> dict[str, Any]:
    """Return the fields of a made entry."""
    if task == "REC":
        tests = [{"realtime": 3, "count": 1}, {"realtime": 7, "count": 2}]
        return {
            "activity": "show a word", "start_times": [0, 4], "end_times": [4, 8],
            "test_info": tests,
        }  # fmt: skip
    if task == "SSR":
        steps = ["show a red picture", "show a green picture"]
        tests = [{"realtime": 2, "step": steps[0], "type": 1}]
        tests += [{"realtime": 3, "step": steps[1], "type": 0}]
        return {
            "tutorial": "ShowColours", "all_steps": steps, "start_time": [0, 4],
            "end_time": [4, 8], "test_info": tests,
        }  # fmt: skip
    if task == "CRR":
        return {
            "question": "Which colour comes after green?", "answer": "Blue.", "ask_time": 5,
            "clue_time": 8, "test_info": [{"realtime": 6, "type": 0}, {"realtime": 10, "type": 1}],
        }  # fmt: skip
    past = CATEGORY[task] == "Backward"
    return {
        "realtime": 6, "question": "Which colour was first?" if past else "Which colour is it now?",
        "answer": "red" if past else "green", "options": ["blue", "red", "green"],
        "gt": 1 if past else 2,
    }  # fmt: skip
