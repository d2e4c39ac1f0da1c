"""A contact sheet of a world: each event as two frames, before and after, with what is said of it.

Shape legend: H, W picture height and width.
"""

import json
import math
import textwrap
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from omnilive.core.errors import ConfigError
from omnilive_lab.live.dialogue import Sample, read_samples
from omnilive_lab.live.footage import frames_at
from omnilive_lab.live.world.make import SAMPLES, TRUTH, TRUTH_FPS

_GAP, _LINE, _LETTER = 6, 13, 5.8  # pixels: between cells, a caption's line, one letter
_INK, _PAPER = (30, 30, 30), 255


def write_sheet(world: Path, to: Path, most: int = 12, columns: int = 3) -> None:
    """Write a picture of the first events with a remark in a world. ConfigError if that fails."""
    cells = list(islice(_cells(world), most))
    if not cells:
        raise ConfigError(f"{world} holds no remarks: make more streams")
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    quality = [cv2.IMWRITE_JPEG_QUALITY, 80] if to.suffix.lower() in (".jpg", ".jpeg") else []
    if not cv2.imwrite(str(to), np.vstack(rows)[..., ::-1], quality):
        raise ConfigError(f"{to} cannot be written")


def _cells(world: Path) -> Iterator[np.ndarray]:
    """Yield (H, W, 3) pictures of events, of one stream after the other."""
    truth = [json.loads(line) for line in (world / TRUTH).read_text().splitlines()]
    for sample, true in zip(read_samples(world / SAMPLES), truth, strict=True):
        texts = {turn.t: turn.text for turn in sample.turns if turn.kind == "remark"}
        for event in true["events"]:
            if event["t"] in texts:
                yield _cell(world, sample, event, texts[event["t"]])


def _cell(world: Path, sample: Sample, event: dict[str, Any], text: str) -> np.ndarray:
    first = math.ceil(event["t"] * TRUTH_FPS)
    before, after = frames_at(world / sample.video, TRUTH_FPS, range(first - 1, first + 1))
    pictures = np.hstack([before, np.full_like(before[:, :2], _PAPER), after])
    height, width = pictures.shape[:2]
    cell = np.full((height + 2 * _LINE + _GAP, width + _GAP, 3), _PAPER, np.uint8)
    cell[:height, :width] = pictures
    lines = textwrap.wrap(f"{event['t']:.2f} s  {text}", round(width / _LETTER))
    for row, line in enumerate(lines[:2], 1):
        place = 1, height + row * _LINE
        cv2.putText(cell, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, _INK, 1, cv2.LINE_AA)
    return cell
