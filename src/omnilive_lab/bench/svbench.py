"""SVBench: chains of open questions while a video runs, and links between the chains.

Z. Yang and others, "SVBench", arXiv 2502.10810. Each answer is marked by itself, each chain as a
dialogue, and each video along its links; a judge gives 0 to 10, reported times ten.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from omnilive_lab.bench.base import (
    Benchmark,
    Clip,
    Item,
    Judge,
    Mark,
    Prompt,
    Reply,
    Row,
    Score,
    Setup,
    Summary,
    Turn,
)
from omnilive_lab.bench.figures import Which, mean
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.mcq import Ids
from omnilive_lab.bench.reading import Record, records, table

SKILLS = {
    "SA": "Semantic Accuracy",
    "CC": "Contextual Coherence",
    "LC": "Logical Consistency",
    "TU": "Temporal Understanding",
    "IC": "Informational Completeness",
    "OS": "Overall Evaluation",
}
NEED = """SVBench: from https://huggingface.co/datasets/yzy666/SVBench
  DATA/Meta/Meta_EN/meta_test.csv
  DATA/Dialogue/Dialogue_EN/NAME.json, DATA/Con/Con_EN/NAME.json
  DATA/Video/NAME.mp4        allVideos_tar_sep/allVideos.part_*, joined with cat and unpacked"""
SYSTEM = "You mark answers to questions about a streaming video, strictly and by one measure."
SCALE = (
    "Marks: 10 entirely right; 7 to 9 mostly; 4 to 6 partly; 1 to 3 hardly; 0 not at all."
    " Temporal Understanding is -1 where no question is about time."
)


class SVBench(Benchmark):
    """One item a question, asked at the end of its chain's part of the video."""

    name = "svbench"
    title = "SVBench"
    need = NEED
    frames = "fps:1"

    def load(self, data: Path) -> list[Item]:
        """Read the test videos of the meta file, their chains and their links."""
        ids, found = Ids(), []
        for record in table(data / "Meta" / "Meta_EN" / "meta_test.csv", NEED, ","):
            name = ids.new(record, "Video_Name", record.text("Video_Name"))
            file = Path(record.text("Path_of_Video")).name
            clip = Clip(path=data / "Video" / file)
            found += _video(data, name, clip)
        return found

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the question after the earlier ones of its chain, with the model's own answers.

        The release has no prompt for the model under test: this one is ours.
        """
        told = [
            f"Question: {turn.item.question}\nAnswer: {turn.reply.text}\n"
            for turn in before
            if turn.item.meta["chain"] == item.meta["chain"]
        ]
        text = "".join(told) + f"Question: {item.question}\nAnswer:"
        return Prompt(text=text, plain=item.question, t=item.t)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Mark the answer; with the last of a chain also the chain, and of a video its links."""
        if judge is None:
            return Score(status="skipped", detail="open answers need a judge (--judge)")
        turns = [*before, Turn(item, reply)]
        official, strict, said = _single(item, reply, judge)
        parts: dict[str, float | None] = {}
        if item.meta["ends_chain"]:
            chain = [turn for turn in turns if turn.item.meta["chain"] == item.meta["chain"]]
            parts |= _marked("Dialogue", _told(chain), judge)
        if item.meta["links"]:
            parts |= _marked("Streaming", _along(turns, item.meta["links"]), judge)
        if strict is None:
            detail = "the judge gave no mark that can be read"
            return Score(
                official=official, parts=parts, status="unscored", detail=detail, judge=said
            )
        return Score(official=official, strict=strict, parts=parts, judge=said)

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return ten times the mean marks of answers, dialogues and linked paths."""
        return Summary(
            official=_figures(rows, "official"),
            strict=_figures(rows, "strict"),
            counts={"Single QA": sum(row.score.status == "scored" for row in rows)},
            headline="AVG",
            definition=(
                "ten times the mean of the judge's marks; AVG is the mean of Dialogue OS and"
                " Streaming OS"
            ),
            notes=(
                "official reads marks without their sign: a -1 (not about time) counts as 1;"
                " strict leaves it out",
                "official takes the next mark below where one is missing, and of single answers"
                " the last one in the text",
                "the released chain prompt uses a name that is not defined; the judge's"
                " instructions and the question's prompt are ours, on the published scales",
            ),
        )

    def make(self, out: Path, seed: int = 0) -> None:
        """Write a film with two linked chains of two questions each."""
        name = f"made{seed}"
        write_film(out / "Video" / f"{name}.mp4", [Scene(0, 4, "red", "ONE"), Scene(4, 8, "blue")])
        chains = [
            _chain(0.0, 4.0, {"Which colour is it?": "Red.", "What is written?": "ONE."}),
            _chain(4.0, 8.0, {"Which colour is it now?": "Blue.", "Is a word left?": "No."}),
        ]
        link = {"chainBefore": [0], "chainAfter": [0], "relationship": "The colour changes."}
        con = [{"chain_1": _linked(chains[0]), "chain_2": _linked(chains[1]), "relationship": link}]
        for folder, content in (("Dialogue/Dialogue_EN", chains), ("Con/Con_EN", con)):
            (out / folder).mkdir(parents=True, exist_ok=True)
            (out / folder / f"{name}.json").write_text(json.dumps(content, indent=1))
        meta = out / "Meta" / "Meta_EN" / "meta_test.csv"
        meta.parent.mkdir(parents=True, exist_ok=True)
        with meta.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(META)
            dialogue = f"SVBench/Dialogue/Dialogue_EN/{name}.json"
            con_path, streaming = f"SVBench/Con/Con_EN/{name}.json", "SVBench/Streaming/x.json"
            path, video = f"SVBench/Path/{name}.json", f"SVBench/Video/{name}.mp4"
            row = [name, "Test", dialogue, con_path, streaming, dialogue, path, video, 8.0, "made"]
            writer.writerow(row)


META = (
    "Video_Name", "Sort_of_Set", "Path_of_QandA", "Path_of_Con", "Path_of_StreamingPathData",
    "Path_of_Dialogue", "Path_of_Streaming", "Path_of_Video", "Video_Duration",
    "Source_of_Dataset",
)  # fmt: skip


def _video(data: Path, name: str, clip: Clip) -> Iterator[Item]:
    """Yield the questions of a video in order; the last one holds the links."""
    path = data / "Dialogue" / "Dialogue_EN" / f"{name}.json"
    chains = [(i, record) for i, record in enumerate(records(path, NEED)) if record.data]
    links = _links(data / "Con" / "Con_EN" / f"{name}.json", [record for _, record in chains])
    for place, (chain, record) in enumerate(chains):
        inner, end_s = record.record("chain"), record.seconds("qac_timestamps_end")
        asked, answers = inner.texts("questions"), inner.texts("answers")
        if len(asked) != len(answers) or not asked:
            inner.refuse("answers", answers, f"as many as there are questions ({len(asked)})")
        for turn, (question, answer) in enumerate(zip(asked, answers, strict=True)):
            last = turn == len(asked) - 1
            yield Item(
                id=f"{name}-{chain}-{turn}",
                clip=clip,
                question=question,
                answer=answer,
                t=end_s,
                group=name,
                judged=True,
                evidence_s=((record.seconds("qac_timestamps_start"), end_s),),
                meta={
                    "chain": place,
                    "ends_chain": last,
                    "links": links if last and place == len(chains) - 1 else [],
                },
            )


def _links(path: Path, chains: Sequence[Record]) -> list[dict[str, Any]]:
    """Return which questions of a chain lead to which of the next, found by the chain's start."""
    found, linked = [], list(records(path, NEED))
    for place, chain in enumerate(chains[:-1]):
        start = chain.get("qac_timestamps_start")
        for record in linked:
            first = record.record("chain_1")
            if first.get("qac_timestamps_start") == start and record.record("relationship").data:
                relation = record.record("relationship")
                before = [int(n) for n in relation.numbers("chainBefore")]
                after = [int(n) for n in relation.numbers("chainAfter")]
                _check(relation, "chainBefore", before, chain)
                _check(relation, "chainAfter", after, chains[place + 1])
                words = str(relation.get("relationship", ""))
                found.append({"chain": place, "before": before, "after": after, "words": words})
                break
    return found


def _check(relation: Record, name: str, indices: list[int], chain: Record) -> None:
    count = len(chain.record("chain").list("questions"))
    if any(index not in range(count) for index in indices):
        relation.refuse(name, indices, f"indices of {count} questions")


def _single(item: Item, reply: Reply, judge: Judge) -> tuple[float | None, float | None, str]:
    """Return the official and the strict mark of one answer, and what the judge said."""
    text = (
        f"Question: {item.question}\nGround truth: {item.answer}\nAnswer: {reply.text}\n\n"
        "Mark how accurate the answer is, from 0 (entirely wrong) to 10 (right in every detail)."
        " Style does not count. Reply in this form:\nAccuracy:\nScore: \nComments:"
    )
    verdict = judge.grade(text, [Mark("mark", r"Score\W*?(-?\d+(?:\.\d+)?)", 0, 10)], SYSTEM)
    loose = re.search(r"Accuracy.*\n?.*?Score.*?(\d+)", verdict.said, re.DOTALL)
    official = float(loose[1]) if loose else None
    return official, verdict.marks["mark"] if verdict.marks else None, verdict.said


def _marked(kind: str, told: str, judge: Judge) -> dict[str, float | None]:
    """Return the six marks of a dialogue or a path, official and strict."""
    form = "\n".join(
        f"{i}. {name}:\nScore: \nComments:" for i, name in enumerate(SKILLS.values(), 1)
    )
    text = f"{told}\n\nMark the answers as a whole. {SCALE} Reply in this form:\n{form}"
    mark = r"(?:(?!Score).)*Score\W*?(-?\d+(?:\.\d+)?)"
    lowest = {short: -1 if short == "TU" else 0 for short in SKILLS}
    marks = [Mark(short, name + mark, lowest[short], 10) for short, name in SKILLS.items()]
    verdict = judge.grade(text, marks, SYSTEM)
    found: dict[str, float | None] = {}
    for short, name in SKILLS.items():
        loose = re.search(rf"{name}.*?\n?.*?Score.*?(\d+)", verdict.said, re.DOTALL)
        found[f"{kind} {short}"] = float(loose[1]) if loose else None
        given = verdict.marks[short] if verdict.marks else None
        found[f"strict {kind} {short}"] = None if given is None or given < 0 else given
    return found


def _told(turns: Sequence[Turn]) -> str:
    return "\n\n".join(
        f"Question: {turn.item.question}\nGround truth: {turn.item.answer}\n"
        f"Answer: {turn.reply.text}"
        for turn in turns
    )


def _along(turns: Sequence[Turn], links: Sequence[Mapping[str, Any]]) -> str:
    """Return the linked questions of successive chains, with how they are related."""
    by_chain: dict[int, list[Turn]] = {}
    for turn in turns:
        by_chain.setdefault(turn.item.meta["chain"], []).append(turn)
    steps = []
    for link in links:
        before = [by_chain[link["chain"]][i] for i in link["before"]]
        after = [by_chain[link["chain"] + 1][i] for i in link["after"]]
        steps.append(f"{_told(before)}\n\nThen ({link['words']}):\n\n{_told(after)}")
    return "\n\n---\n\n".join(steps)


def _figures(rows: Sequence[Row], which: Which) -> dict[str, float | None]:
    def tenfold(values: Iterator[float | None]) -> float | None:
        found = mean(values)
        return None if found is None else 10 * found

    prefix = "" if which == "official" else "strict "
    figures = {"Single QA": tenfold(getattr(row.score, which) for row in rows)}
    for kind in ("Dialogue", "Streaming"):
        for short in SKILLS:
            name = f"{kind} {short}"
            figures[name] = tenfold(row.score.parts.get(prefix + name) for row in rows)
    both = [figures["Dialogue OS"], figures["Streaming OS"]]
    return figures | {"AVG": None if None in both else mean(both)}


def _chain(start_s: float, end_s: float, asked: Mapping[str, str]) -> dict[str, Any]:
    return {
        "chain": {"questions": list(asked), "answers": list(asked.values())},
        "qac_timestamps_start": start_s,
        "qac_timestamps_end": end_s,
    }


def _linked(chain: Mapping[str, Any]) -> dict[str, Any]:
    times = {key: value for key, value in chain.items() if key != "chain"}
    return {**chain["chain"], **times}
