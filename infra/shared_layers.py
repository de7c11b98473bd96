"""Workers of the embedded emulator share the files of their layers.

Ministack unpacks the layers for each worker that starts. The model is most of them, and a network
is mapped from its file: by itself each worker would have its own 16 MB of RAM and 39 MB of disk.
"""

import hashlib
import io
import os
import tempfile
from pathlib import Path
from threading import Lock
from typing import Any
from zipfile import ZipFile

from ministack.core.lambda_runtime import Worker
from ministack.services import lambda_svc

_FOLDERS = "_LAMBDA_LAYERS_DIRS"
"""The variable by which a worker's script is told where its layers are."""
_unpacking = Lock()


def share_layers() -> None:
    """Have the emulator unpack each layer once, where its other temporary files are."""
    spawn = Worker._spawn  # noqa: SLF001

    def spawn_on_shared(self: Worker) -> None:
        whole: dict[str, Any] = self.config
        # An empty one has no content.
        contents = filter(None, map(lambda_svc._resolve_layer_zip, whole.get("Layers") or []))  # noqa: SLF001
        told = {
            **(whole.get("Environment") or {}).get("Variables", {}),
            _FOLDERS: os.pathsep.join(str(_unpacked(content)) for content in contents),
        }
        self.config = {**whole, "Layers": [], "Environment": {"Variables": told}}
        try:
            spawn(self)
        finally:
            self.config = whole

    Worker._spawn = spawn_on_shared  # noqa: SLF001


def _unpacked(content: bytes) -> Path:
    """The folder with what is in an archive."""
    layers = Path(tempfile.gettempdir(), "layers")
    folder = layers / hashlib.sha256(content).hexdigest()
    with _unpacking:
        if not folder.exists():
            layers.mkdir(exist_ok=True)
            written = Path(tempfile.mkdtemp(dir=layers))
            ZipFile(io.BytesIO(content)).extractall(written)
            written.rename(folder)
    return folder
