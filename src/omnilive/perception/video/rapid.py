"""Text on screen and in the scene by PP-OCR (package rapidocr) on ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
from rapidocr import RapidOCR

from omnilive.core.errors import BackendError
from omnilive.perception.config import RapidConfig
from omnilive.perception.video.base import Box, TextLine


class RapidReader:
    """English and Chinese text. Not thread-safe: owned by one worker."""

    def __init__(self, folder: Path, config: RapidConfig | None = None) -> None:
        self.config = config or RapidConfig()
        params = {
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": self.config.min_score,
            "Det.model_path": str(folder / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": self.config.max_side_px,
            "Rec.model_path": str(folder / "PP-OCRv6_rec_small.onnx"),
            "EngineConfig.onnxruntime.intra_op_num_threads": self.config.threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        try:
            self._ocr = RapidOCR(params=params)
        except Exception as error:  # rapidocr has no error type of its own
            raise BackendError(f"cannot load the text model from {folder}: {error}") from error

    def read(self, rgb: np.ndarray) -> list[TextLine]:
        """Return the lines in an (H, W, 3) uint8 picture, top to bottom."""
        height, width = rgb.shape[:2]
        found: Any = self._ocr(np.ascontiguousarray(rgb[:, :, ::-1]))
        if found.txts is None:
            return []
        lines = []
        for corners, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            x, y = corners[:, 0] / width, corners[:, 1] / height
            box = Box(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
            lines.append(TextLine(text.strip(), float(score), box))
        return sorted(lines, key=lambda line: (round(line.box.y0 * 20), line.box.x0))
