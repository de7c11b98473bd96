"""What the runtime saves: LiteRT packages against the Keras models they came from.

    python benchmarks/serving.py compare [--photos DIR] [--run TRAINED_NETWORK]

Everything is one run on the same pictures, on one thread, and each peer is a process of its own:
its start is the time until it could import, load and answer once, its memory what is resident
after many answers. LiteRT and Keras hold the same weights, so their answers are compared too:
those of a trained network (a folder that `smartscale train` has made), else ImageNet's own.

Needs `uv sync --group training`. Times differ between machines, the ratios hardly; nothing is
decided by them.
"""

import time

_STARTED = time.perf_counter()

import json  # noqa: E402  (the clock starts before any import)
import os  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import asdict, dataclass  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Annotated, Any, TypeAlias  # noqa: E402

import numpy as np  # noqa: E402
import typer  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

SAMPLES = Path(__file__).parents[1] / "sample_data"
SIZE = 224
ROUNDS = 60
MOST_PICTURES = 60
KERAS = ("predict", "function")
PRECISIONS = ("float32", "float16", "dynamic", "int8")
BUDGETS = {"decode": 5.0, "network": 15.0, "megabytes": 20.0, "resident": 200.0}

Pictures: TypeAlias = NDArray[np.float32]
app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Measured:
    """What one peer needs for a picture (ms), to start (s), and in memory and on disk (MB)."""

    p50: float
    p95: float
    start: float
    resident: float
    megabytes: float


@app.command()
def compare(
    photos: Annotated[Path, typer.Option(help="A folder of pictures, at any depth.")] = SAMPLES,
    run: Annotated[
        Path | None,
        typer.Option(help="A trained network's folder; default: ImageNet weights of Lite0 and 2."),
    ] = None,
) -> None:
    """Print every peer's figures, and what they come to as ratios."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        count = _prepare(photos, place / "pictures.npy")
        for variant in [_variant_of(run)] if run else [0, 2]:
            _call("export", place, str(variant), *([str(run)] if run else []))
            say(f"EfficientNet-Lite{variant}, {SIZE} x {SIZE}, one thread, {count} pictures")
            say(f"{'':16}{'p50 ms':>8}{'p95 ms':>8}{'start s':>9}{'MB in use':>11}{'MB':>7}", "")
            say(f"{'same top-1':>12}{'largest difference':>20}")
            found = {way: _measure("keras", place, way) for way in KERAS}
            found |= {precision: _measure("litert", place, precision) for precision in PRECISIONS}
            reference = np.load(place / "predict.npy")
            for name, measured in found.items():
                _print_row(name, measured, np.load(place / f"{name}.npy"), reference)
            for way in KERAS:
                _print_ratio(found["int8"], found[way], f"LiteRT int8 against Keras {way}")
            say("")
    _print_builtin(photos)


def _print_row(
    name: str, measured: Measured, answers: NDArray[Any], reference: NDArray[Any]
) -> None:
    kind = "Keras" if name in KERAS else "LiteRT"
    same = (answers.argmax(axis=1) == reference.argmax(axis=1)).mean()
    say(
        f"{f'{kind} {name}':16}{measured.p50:8.1f}{measured.p95:8.1f}{measured.start:9.2f}"
        f"{measured.resident:11.0f}{measured.megabytes:7.1f}"
        f"{same:12.1%}{_softmax_gap(answers, reference):20.6f}"
    )


def _softmax_gap(answers: NDArray[Any], reference: NDArray[Any]) -> float:
    """The largest difference of any probability."""
    shares = [np.exp(logits - logits.max(axis=1, keepdims=True)) for logits in (answers, reference)]
    ours, theirs = (share / share.sum(axis=1, keepdims=True) for share in shares)
    return float(np.abs(ours - theirs).max())


def _print_ratio(ours: Measured, peer: Measured, what: str) -> None:
    say(
        f"{what}: {peer.p50 / ours.p50:.1f} times as fast, starts {peer.start / ours.start:.1f} "
        f"times as fast, {peer.resident / ours.resident:.1f} times less memory"
    )


def _print_builtin(photos: Path) -> None:
    found = json.loads(_call("builtin", str(photos)))
    say(f"The built-in package {found['revision']}, from the file of a 1080p photo, one thread")
    for name, unit in (
        ("decode", "ms p50"),
        ("network", "ms p50"),
        ("megabytes", "MB on disk"),
        ("resident", "MB in use"),
    ):
        verdict = "pass" if found[name] <= BUDGETS[name] else "OVER"
        say(f"  {name:10}{found[name]:8.1f} {unit:12}budget {BUDGETS[name]:5.0f}  {verdict}")
    say(f"  start     {found['start']:8.2f} s, from the process to the first answer")


# Each of the commands below runs in a process of its own.


@app.command(hidden=True)
def export(place: Path, variant: int, run: Annotated[Path | None, typer.Argument()] = None) -> None:
    """Write one network as Keras has it and as LiteRT packages do."""
    import keras  # noqa: PLC0415  (only this process pays for TensorFlow)

    from training import network  # noqa: PLC0415
    from training.export import PRECISIONS as EVERY_PRECISION  # noqa: PLC0415
    from training.export import saved, to_tflite  # noqa: PLC0415
    from training.weights import imagenet_weights  # noqa: PLC0415

    if run:
        with np.load(run / "best.npz", allow_pickle=False) as stored:
            weights = [stored[name] for name in stored.files]
        model = network.build(len(weights[-1]), variant)
        variables = [variable for layer in model.layers for variable in layer.variables]
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)
    else:
        classifier = imagenet_weights(variant)
        model = network.build(len(classifier["_fc.bias"]), variant)
        network.load_imagenet(model, variant)
        model.get_layer("logits").set_weights([classifier["_fc.weight"].T, classifier["_fc.bias"]])
    picture = keras.Input((SIZE, SIZE, 3), batch_size=1, name="picture")
    served = keras.Model(picture, model(picture, training=False))
    served.save(place / "model.keras")
    examples = np.load(place / "pictures.npy")[:, 0]
    with saved(served) as network_folder:
        for precision in EVERY_PRECISION:
            converted = to_tflite(network_folder, precision, examples)
            (place / f"{precision}.tflite").write_bytes(converted)


@app.command("keras", hidden=True)
def answer_with_keras(place: Path, way: str) -> None:
    """Answer by `predict`, as most code does, or by a compiled function."""
    import tensorflow as tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    file = place / "model.keras"
    model = tf.keras.models.load_model(file)
    compiled = tf.function(model, reduce_retracing=True)

    def predict(picture: Pictures) -> NDArray[np.float32]:
        return np.asarray(model.predict(picture, verbose=0))

    def call(picture: Pictures) -> NDArray[np.float32]:
        return np.asarray(compiled(tf.constant(picture)))

    _report(place, way, predict if way == "predict" else call, file)


@app.command("litert", hidden=True)
def answer_with_litert(place: Path, precision: str) -> None:
    """Answer as the recogniser does."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    file = place / f"{precision}.tflite"
    interpreter = Interpreter(str(file), num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]["index"]
    out = interpreter.get_output_details()[0]["index"]

    def answer(picture: Pictures) -> NDArray[np.float32]:
        interpreter.set_tensor(entry, picture)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(out))

    _report(place, precision, answer, file)


@app.command("builtin", hidden=True)
def answer_with_builtin(photos: Path) -> None:
    """The package that ships, from a file's bytes to scores, as the worker runs it."""
    from benchmarks.decode import photo  # noqa: PLC0415
    from smartscale.recognition.builtin import builtin_package  # noqa: PLC0415
    from smartscale.recognition.photo import decode  # noqa: PLC0415
    from smartscale.recognition.recogniser import NetworkRecogniser  # noqa: PLC0415

    package = builtin_package()
    recogniser = NetworkRecogniser(package)
    data = photo(_find(photos)[0], (1920, 1080))
    recogniser.recognise(data)
    start = time.perf_counter() - _STARTED
    picture = decode(data, package.input_size)
    decoding = _times(lambda: decode(data, package.input_size))
    network = _times(lambda: recogniser.recognise_picture(picture))
    files = [path for path in package.folder.iterdir() if path.is_file()]
    say(
        json.dumps(
            {
                "revision": package.revision,
                "decode": float(np.median(decoding)),
                "network": float(np.median(network)),
                "megabytes": sum(path.stat().st_size for path in files) / 1e6,
                "resident": _resident(),
                "start": start,
            }
        )
    )


def _report(
    place: Path, name: str, answer: Callable[[Pictures], NDArray[np.float32]], file: Path
) -> None:
    """Print what answering takes, and keep the answer to every picture."""
    # Mapped, so that the pictures do not count as a peer's memory.
    pictures = np.load(place / "pictures.npy", mmap_mode="r")
    first = np.array(pictures[0])
    answer(first)
    start = time.perf_counter() - _STARTED
    times = _times(lambda: answer(first))
    measured = Measured(
        p50=float(np.percentile(times, 50)),
        p95=float(np.percentile(times, 95)),
        start=start,
        resident=_resident(),
        megabytes=file.stat().st_size / 1e6,
    )
    np.save(
        place / f"{name}.npy", np.concatenate([answer(np.array(picture)) for picture in pictures])
    )
    say(json.dumps(asdict(measured)))


def _times(work: Callable[[], object]) -> list[float]:
    """Milliseconds of each round."""
    spent = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def _resident() -> float:
    """MB that this process holds in memory, as Linux counts them."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000


def _prepare(photos: Path, target: Path) -> int:
    """Write the pictures as networks see them, (N, 1, SIZE, SIZE, 3); returns N."""
    from smartscale.recognition.network_input import prepare  # noqa: PLC0415
    from smartscale.recognition.photo import decode  # noqa: PLC0415
    from smartscale.recognition.preprocessing import Preprocessing  # noqa: PLC0415

    spec = Preprocessing(SIZE)
    found = _find(photos)
    np.save(target, [prepare(decode(path.read_bytes(), SIZE), spec) for path in found])
    return len(found)


def _find(photos: Path) -> list[Path]:
    """Up to MOST_PICTURES pictures, spread over the folder."""
    found = sorted(path for path in photos.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"})
    if not found:
        raise typer.BadParameter(f"{photos} holds no JPEG", param_hint="--photos")
    return found[:: -(-len(found) // MOST_PICTURES)]


def _variant_of(run: Path) -> int:
    state = json.loads((run / "history.json").read_text(encoding="utf-8"))
    return int(state["recipe"]["variant"])


def _measure(command: str, place: Path, name: str) -> Measured:
    return Measured(**json.loads(_call(command, str(place), name)))


def _call(command: str, *arguments: str | Path) -> str:
    """What a command of this file prints last, run in a process of its own."""
    environment = {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    done = subprocess.run(  # noqa: S603  (this very file)
        [sys.executable, __file__, command, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stderr}")
    return done.stdout.strip().rpartition("\n")[2]


def say(text: str, end: str = "\n") -> None:
    """Print."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


if __name__ == "__main__":
    app()
