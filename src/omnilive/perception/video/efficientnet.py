"""EfficientNet-Lite3 on ImageNet's 1,000 labels, by OpenVINO: what a whole picture shows."""

from pathlib import Path

import cv2
import numpy as np
import openvino

from omnilive.core.errors import BackendError

SIDE = 280


class EfficientNetTagger:
    """Labels come with their synonyms, as ImageNet gives them ("tabby, tabby cat")."""

    def __init__(self, folder: Path) -> None:
        try:
            core = openvino.Core()
            self._net = core.compile_model(
                str(folder / "efficientnet_lite3.tflite"), "CPU", {"INFERENCE_NUM_THREADS": 1}
            )
            self._labels = (folder / "efficientnet_labels.txt").read_text().splitlines()
        except (RuntimeError, OSError) as error:
            raise BackendError(f"cannot load the picture model from {folder}: {error}") from error

    def tag(self, rgb: np.ndarray) -> list[tuple[str, float]]:
        """Return the five likeliest (label, probability) of an (H, W, 3) uint8 picture."""
        height, width = rgb.shape[:2]
        side = min(height, width)
        y, x = (height - side) // 2, (width - side) // 2
        square = cv2.resize(
            rgb[y : y + side, x : x + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA
        )
        scores = self._net(square[None])[0][0].astype(np.float32) / 256
        best = np.argsort(-scores)[:5]
        return [(self._labels[i], float(scores[i])) for i in best]
