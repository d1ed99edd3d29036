"""The float network in NumPy beside Keras and LiteRT.

python3 course.py bench float
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.harness import Aim, Benchmark, Group, Row, Rows, pick, times_as_fast
from qlib import nn, tflite
from qlib.conversion import convert_float
from qlib.data import load_float_model, load_mnist
from qlib.quiet import load_tensorflow
from qlib.training import build_model

DIFFER = "digits that differ from qlib's"
OURS = "qlib.nn predict"


def groups(small: bool) -> Iterator[Group]:
    """Make the one group: all contenders on the same digits."""
    images = load_mnist()[1][0][: 100 if small else 10_000]
    yield Group(
        f"{len(images):,} digits",
        _contenders(images),
        seconds=0,
        rounds=2 if small else 11,
        facts=_differences,
    )


def _contenders(images: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Return what is timed, by name, on the same digits; each returns ten a digit."""
    weights = load_float_model()
    model = build_model(weights)
    file = convert_float(model)
    x = images[..., np.newaxis] / np.float32(255)

    def keras(batch: int) -> Callable[[], np.ndarray]:
        return lambda: model.predict(x, batch_size=batch, verbose=0).argmax(axis=1)

    compiled = load_tensorflow().function(partial(model, training=False))

    def function() -> np.ndarray:
        scores = [compiled(x[i : i + 500]).numpy() for i in range(0, len(x), 500)]
        return np.concatenate(scores).argmax(axis=1)

    return {
        OURS: lambda: nn.predict(weights, images),
        "Keras predict, batches of 32": keras(32),
        "Keras predict, batches of 500": keras(500),
        "Keras, a compiled function, batches of 500": function,
        "LiteRT float32, xnnpack": lambda: tflite.predict(file, images),
        "LiteRT float32, optimized": lambda: tflite.predict(
            file, images, kernel="optimized"
        ),
    }


def _differences(found: dict[str, np.ndarray]) -> dict[str, Row]:
    """Return how many digits each contender sees that qlib does not."""
    return {n: {DIFFER: int(np.sum(d != found[OURS]))} for n, d in found.items()}


def _beside_keras(rows: Rows) -> float:
    """Return how many times as fast qlib is as Keras with its better batch."""
    names = [row["name"] for row in rows if row["name"].startswith("Keras predict")]
    return min(times_as_fast(OURS, name)(rows) for name in names)


BENCHMARK = Benchmark(
    name="float",
    title="The float network",
    about="""
    The course's float32 network over the test digits. Keras (version 2, as `tf-keras`)
    is given reals that are divided by 255 already; qlib and LiteRT divide the bytes
    themselves, and LiteRT opens the file each time. Keras and qlib use all cores,
    LiteRT one thread and 100 images at a time. Keras' own batch is 32; its `predict`
    does more than run the network, so the network as a compiled function stands here
    too.
    """,
    groups=groups,
    packages=("numpy", "tensorflow", "tf-keras", "ai-edge-litert"),
    aims=(
        Aim(
            "10,000 digits in NumPy: at most {limit:g} s",
            lambda rows: pick(rows, OURS)["seconds"],
            2,
            "s",
        ),
        Aim(
            "NumPy: at least as fast as Keras' `predict` with the better batch",
            _beside_keras,
            1,
            "times",
            at_least=True,
        ),
    ),
)
