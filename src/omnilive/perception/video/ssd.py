"""SSD MobileNetV2 on COCO's 80 labels, by OpenCV DNN: small, quick, and not very sharp-eyed."""

from pathlib import Path

import cv2
import numpy as np

from omnilive.core.errors import BackendError
from omnilive.perception.config import SSDConfig
from omnilive.perception.video.base import Box, Detection
from omnilive.perception.video.labels import COCO_LABELS, NUMBERED

GREY = 127  # of the bars beside a picture that is not square


class SSDDetector:
    """Objects of COCO's labels. Not thread-safe: owned by one worker."""

    labels = COCO_LABELS

    def __init__(self, folder: Path, config: SSDConfig | None = None) -> None:
        self.config = config or SSDConfig()
        try:
            self._net = cv2.dnn.readNetFromTensorflow(
                str(folder / "frozen_inference_graph.pb"),
                str(folder / "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"),
            )
        except cv2.error as error:
            raise BackendError(f"cannot load the object model from {folder}: {error}") from error

    def detect(self, rgb: np.ndarray) -> list[Detection]:
        """Return the objects in an (H, W, 3) uint8 picture, best first."""
        height, width = rgb.shape[:2]
        side = max(height, width)
        # Squeezing a wide picture into the square input costs far more detections than bars do.
        square = np.full((side, side, 3), GREY, np.uint8)
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = rgb
        self._net.setInput(cv2.dnn.blobFromImage(square, size=(300, 300)))
        kept: list[Detection] = []
        for _, number, score, x0, y0, x1, y1 in self._net.forward()[0, 0].tolist():
            if score < self.config.min_score or not 1 <= number <= len(NUMBERED):
                continue
            corners = (
                (x0 * side - left) / width,
                (y0 * side - top) / height,
                (x1 * side - left) / width,
                (y1 * side - top) / height,
            )
            box = Box(*(min(1.0, max(0.0, v)) for v in corners))
            if all(box.iou(other.box) < self.config.max_overlap for other in kept):
                kept.append(Detection(NUMBERED[int(number) - 1], score, box))
        return kept
