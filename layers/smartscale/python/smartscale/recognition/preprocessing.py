"""What a picture becomes before a network is shown it: a part of every model package.

`photo.py` makes an upright RGB picture of a file, and `network_input.py` numbers of that picture.
Training and serving share all three.
"""

from dataclasses import dataclass
from typing import Literal

ChannelOrder = Literal["rgb", "bgr"]


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a network's input: part of every model package.

    The picture is cropped in its middle until its longer side is at most `max_aspect` times the
    shorter one, scaled to `size` x `size` pixels, and each channel becomes
    `(value - mean) / scale` in the order `channels`. With `mirrored_view` the network also sees
    the mirrored picture and both answers are averaged, which costs twice the time.
    """

    size: int
    max_aspect: float = 4 / 3
    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    scale: tuple[float, float, float] = (128.0, 128.0, 128.0)
    channels: ChannelOrder = "rgb"
    mirrored_view: bool = False
