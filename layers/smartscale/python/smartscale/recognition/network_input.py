"""What the network sees of a picture, as numbers. Training and serving share this module."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from smartscale.recognition.preprocessing import Preprocessing


def prepare(image: Image.Image, spec: Preprocessing) -> NDArray[np.float32]:
    """The network's input for an RGB picture: float32 of shape (1, size, size, 3)."""
    width, height = image.size
    shorter = min(width, height)
    keep_width = min(width, shorter * spec.max_aspect)
    keep_height = min(height, shorter * spec.max_aspect)
    left, top = (width - keep_width) / 2, (height - keep_height) / 2
    box = (left, top, left + keep_width, top + keep_height)
    small = image.resize(
        (spec.size, spec.size), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0
    )
    pixels = np.asarray(small)
    if spec.channels == "bgr":
        pixels = pixels[..., ::-1]
    # Row by row: repeating three values for each pixel takes NumPy three times as long.
    mean, scale = (
        np.tile(np.array(each, np.float32), spec.size) for each in (spec.mean, spec.scale)
    )
    scaled: NDArray[np.float32] = np.subtract(pixels.reshape(spec.size, -1), mean, dtype=np.float32)
    scaled /= scale
    return scaled.reshape(1, spec.size, spec.size, 3)
