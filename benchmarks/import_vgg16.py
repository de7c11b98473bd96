"""A Keras VGG16 beside the package that an import makes of it, on the same pictures.

    uv run --group tensorflow python -m benchmarks.import_vgg16

Each side runs in a process of its own on one thread, and imports only what it needs: seconds from
the start of the process to its first answer, median milliseconds of a picture, peak memory; then
how far the answers are apart. The weights are random, so that nothing is downloaded.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartscale.importing.preprocessings import named
from smartscale.recognition.network_input import prepare
from smartscale.recognition.package import load_package
from smartscale.recognition.photo import decode

_ROOT = Path(__file__).parents[1]
_SAMPLES = _ROOT / "sample_data"
_SIZE = 100
_ROUNDS = 3
_STARTED = "STARTED_AT"


def main() -> None:
    """Make the model, import it, measure both sides and print the comparison."""
    with tempfile.TemporaryDirectory() as scratch:
        models, package = Path(scratch) / "models", Path(scratch) / "package"
        _run("tests.hub.make_models", str(models))
        started = time.perf_counter()
        _convert(models / "vgg16", package)
        print(f"import            {time.perf_counter() - started:8.1f} s")  # noqa: T201
        keras = _run("benchmarks.import_vgg16", "keras", str(models / "vgg16-h5" / "model.h5"))
        litert = _run("benchmarks.import_vgg16", "litert", str(package))
        chosen = load_package(package).evaluation["precision"]
    print(f"LiteRT precision  {chosen}")  # noqa: T201
    for name, unit in (("start_s", "s"), ("median_ms", "ms"), ("peak_mb", "MB")):
        ratio = keras[name] / litert[name]
        print(  # noqa: T201
            f"{name:18}Keras {keras[name]:8.1f}   LiteRT {litert[name]:8.1f} {unit}   x{ratio:.1f}"
        )
    ours, theirs = np.array(litert["answers"]), np.array(keras["answers"])
    agreement = (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean()
    print(f"same first answer {agreement:.0%} of {len(ours)}")  # noqa: T201
    print(f"largest difference of a probability {np.abs(ours - theirs).max():.6f}")  # noqa: T201


def _convert(repository: Path, package: Path) -> None:
    from functions.model_import.app import CONVERSION, TENSORFLOW  # noqa: PLC0415
    from smartscale.adapters.converter import ConverterProcess  # noqa: PLC0415
    from smartscale.adapters.tensorflow_folder import TensorFlowFolder  # noqa: PLC0415
    from smartscale.domain.weighing import ModelRef  # noqa: PLC0415
    from smartscale.importing.order import ConversionOrder  # noqa: PLC0415
    from smartscale.importing.repository import (  # noqa: PLC0415
        Listing,
        RepositoryFile,
        choose_source,
    )

    files = tuple(
        RepositoryFile(name=str(path.relative_to(repository)), size=path.stat().st_size)
        for path in repository.rglob("*")
        if path.is_file()
    )
    commit = "0" * 40
    order = ConversionOrder(
        ref=ModelRef(id="bench/vgg16", revision=commit),
        commit=commit,
        source=choose_source(Listing(commit=commit, files=files)),
        repository=repository,
        package=package,
        samples=_SAMPLES,
    )
    ConverterProcess(CONVERSION, TensorFlowFolder(package.parent, TENSORFLOW)).convert(
        order, lambda _: None
    )


def _run(module: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603  our own interpreter and modules
        [sys.executable, "-m", module, *arguments],
        cwd=_ROOT,
        env={
            **os.environ,
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "1",
            _STARTED: str(time.time()),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    last = (done.stdout.strip().splitlines() or ["{}"])[-1]
    found: dict[str, Any] = json.loads(last) if last.startswith("{") else {}
    return found


def _measure(side: str, path: Path) -> dict[str, Any]:
    """One side's figures, in this process."""
    pictures = [decode(file.read_bytes(), _SIZE) for file in sorted(_SAMPLES.glob("*.jpg"))]
    inputs = [prepare(picture, named("caffe", _SIZE)) for picture in pictures]
    if side == "keras":
        import tf_keras  # noqa: PLC0415  seconds, which are part of its start

        model = tf_keras.models.load_model(path, compile=False)

        def answer(index: int) -> NDArray[Any]:
            return np.asarray(model.predict(inputs[index], verbose=0)[0])

    else:
        from smartscale.recognition.recogniser import NetworkRecogniser  # noqa: PLC0415  likewise

        recogniser = NetworkRecogniser(load_package(path))

        def answer(index: int) -> NDArray[Any]:
            return np.exp(recogniser.logits(pictures[index]))

    answer(0)
    start_s = time.time() - float(os.environ[_STARTED])
    answers: list[list[float]] = []
    took = []
    for _ in range(_ROUNDS):
        answers.clear()
        for index in range(len(pictures)):
            before = time.perf_counter()
            answers.append(answer(index).tolist())
            took.append(1000 * (time.perf_counter() - before))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "start_s": start_s,
        "median_ms": float(np.median(took)),
        "peak_mb": peak,
        "answers": answers,
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_measure(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201
    else:
        main()
