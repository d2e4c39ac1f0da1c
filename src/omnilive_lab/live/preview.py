"""Writes one HTML page that plays samples: video, turns as they come due, a strip of frames.

The page works offline and loads nothing but the videos; all text is escaped into one JSON block.
"""

import base64
import json
import os
from dataclasses import dataclass
from itertools import islice
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import quote

from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import Sample, read_samples, video_path
from omnilive_lab.live.grid import frames, layout

PAGE = Path(__file__).with_name("preview.html")
MARK = "/*DATA*/"


@dataclass(frozen=True, slots=True)
class Shown:
    """What went into the page."""

    samples: int
    embedded: int  # videos inside it
    linked: int
    missing: int


def write_preview(file: Path, out: Path, most: int = 50, embed_bytes: int = 64_000_000) -> Shown:
    """Write the page of the first `most` samples; videos go into it up to `embed_bytes` in all."""
    found = list(islice(read_samples(file), most + 1))
    if not found:
        raise ConfigError(f"{file} holds no sample: convert something first")
    samples, is_cut = found[:most], len(found) > most
    videos, shown = _videos(file, out, samples, embed_bytes)
    data = {
        "file": file.name,
        "is_cut": is_cut,
        "samples": [as_page(sample) for sample in samples],
        "videos": videos,
    }
    html = PAGE.read_text(encoding="utf-8")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(html.replace(MARK, _json(data), 1), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from error
    return shown


def as_page(sample: Sample) -> dict[str, Any]:
    """Return a sample as the page wants it: turns with their frame's time, runs of frames."""
    placed = {id(item.turn): item.frame for item in layout(sample).placed}
    turns = [
        {
            "role": turn.role, "t": turn.t, "text": turn.text, "learn": turn.learn,
            "kind": turn.kind, "frame": placed.get(id(turn)),
        }
        for turn in sample.turns
    ]  # fmt: skip
    runs: list[list[int]] = []  # [frames, how many of the first are learned to be silent at]
    for message in frames(sample):
        if message.role == "stream":
            learned = message.learn
            most = message.num_frames * learned if isinstance(learned, bool) else learned
            runs.append([message.num_frames, most])
    return {
        "id": sample.id, "source": sample.source, "licence": sample.licence,
        "video": sample.video, "start": sample.start_s, "end": sample.end_s, "fps": sample.fps,
        "turns": turns, "runs": runs, "made": sample.made,
    }  # fmt: skip


def _videos(
    file: Path, out: Path, samples: list[Sample], embed_bytes: int
) -> tuple[dict[str, str], Shown]:
    """Return an address for each video: data inside the page, or a path from where it lies."""
    addresses: dict[str, str] = {}
    left, embedded, missing = embed_bytes, 0, 0
    for sample in samples:
        path = video_path(sample, file)
        if path is None or sample.video in addresses:
            continue
        if not path.is_file():
            missing += 1
            addresses[sample.video] = ""
        elif (size := path.stat().st_size) <= left:
            left, embedded = left - size, embedded + 1
            addresses[sample.video] = _data_url(path)
        else:
            relative = os.path.relpath(path.resolve(), out.parent.resolve())
            addresses[sample.video] = quote(relative.replace(os.sep, "/"))
    linked = len(addresses) - embedded - missing
    return addresses, Shown(len(samples), embedded, linked, missing)


def _data_url(path: Path) -> str:
    kind = guess_type(path.name)[0] or "video/mp4"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _json(data: dict[str, Any]) -> str:
    """Return JSON that can stand inside a script element, whatever the texts hold."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
