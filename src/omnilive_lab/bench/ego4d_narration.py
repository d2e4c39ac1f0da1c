"""Ego4D narration, as VideoLLM-online evaluates: narrate the video while it runs.

J. Chen and others, "VideoLLM-online", arXiv 2406.11816; K. Grauman and others, "Ego4D",
arXiv 2110.07058.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

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
)
from omnilive_lab.bench.films import Scene, write_film
from omnilive_lab.bench.mcq import Ids
from omnilive_lab.bench.narration import frame_time, narration_score, narration_summary
from omnilive_lab.bench.options import Number, Words
from omnilive_lab.bench.reading import Record, read_json

FILES = {
    "narration": "narration_stream_val.json",
    "refined": "refined_narration_stream_val.json",
}
ASK = {  # of the refined ones, the first of ten that are drawn at random
    "narration": (
        "Please concisely narrate the video in real time. Use the tag 'C' to denote the camera"
        " wearer, and other letter tags, such as 'X', to denote other individuals in the scene."
    ),
    "refined": "Please concisely narrate the video in real time.",
}
NEED = """Ego4D narration: videos from https://ego4d-data.org (licence needed), annotations as
https://github.com/showlab/videollm-online writes them (data/ego4d/narration.py), or refined from
https://huggingface.co/datasets/chenjoya/videollm-online-chat-ego4d-134k
  DATA/narration_stream_val.json, or refined_narration_stream_val.json (--option texts=refined)
                            {video_uid: {annotation_uid: [{"time": s, "text"}]}}
  DATA/videos/VIDEO_UID.mp4"""


class Ego4DNarration(Benchmark):
    """One item an annotator: from the first remark's frame to the last one's."""

    name = "ego4d_narration"
    title = "Ego4D narration"
    published = "live_ego4d_narration"
    need = NEED
    frames = "fps:2"
    options = {"texts": "narration", "fps": "2", "within_s": "2"}
    takes = {
        "texts": Words(tuple(FILES)), "fps": Number(above=True), "within_s": Number(),
    }  # fmt: skip

    def load(self, data: Path) -> list[Item]:
        """Read the annotation file; annotators without a remark are left out."""
        path = data / FILES[self.chosen["texts"]]
        found = read_json(path, NEED)
        if not isinstance(found, dict):
            raise ConfigError(f"{path}: should be an object of video uids")
        return list(self._items(data, Record(str(path), found)))

    def _items(self, data: Path, videos: Record) -> Iterator[Item]:
        fps, ids = float(self.chosen["fps"]), Ids()
        for uid in videos.data:
            by_annotator = videos.record(uid)
            for annotator in by_annotator.data:
                remarks = [
                    {"time": r.seconds("time"), "text": r.text("text")}
                    for r in by_annotator.each(annotator)
                ]
                if not remarks:
                    continue
                place = data / "videos" / f"{uid}.mp4"
                start_s = frame_time(float(remarks[0]["time"]), fps)
                end_s = frame_time(float(remarks[-1]["time"]), fps) + 1 / fps
                if any(a["time"] > b["time"] for a, b in zip(remarks, remarks[1:], strict=False)):
                    by_annotator.refuse(annotator, remarks[-1]["time"], "remarks in time order")
                clip = Clip(path=place, start_s=start_s, end_s=end_s)
                yield Item(
                    id=ids.new(by_annotator, annotator, f"{uid}/{annotator}"),
                    clip=clip,
                    question=ASK[self.chosen["texts"]],
                    answer="\n".join(str(remark["text"]) for remark in remarks),
                    narrate=True,
                    meta={"remarks": remarks},
                )

    def prompt(self, item: Item, before: Sequence[Turn], setup: Setup) -> Prompt:
        """Return the instruction, which is given once, at the first frame."""
        return Prompt(text=item.question, t=0.0)

    def score(self, item: Item, reply: Reply, before: Sequence[Turn], judge: Judge | None) -> Score:
        """Score by logits where the reply has any, and by times."""
        return narration_score(item, reply, float(self.chosen["within_s"]))

    def summary(self, rows: Sequence[Row]) -> Summary:
        """Return the LIVE figures and the fair ones."""
        return narration_summary(rows, float(self.chosen["within_s"]))

    def make(self, out: Path, seed: int = 0) -> None:
        """Write a film of four scenes with a remark at each."""
        uid, colours = f"made-{seed}", ("red", "green", "blue", "yellow")
        scenes = [Scene(3 * i, 3 * i + 3, c, c.upper()) for i, c in enumerate(colours)]
        write_film(out / "videos" / f"{uid}.mp4", scenes)
        remarks = [{"time": s.start_s + 0.2, "text": f"C sees {s.colour}."} for s in scenes]
        for name in FILES.values():
            (out / name).write_text(json.dumps({uid: {"annotator-1": remarks}}, indent=1))
