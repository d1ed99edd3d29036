"""How fast the exact integer network runs beside LiteRT's own kernels, in one run.

    python3 course.py run python benchmarks/integer.py               about two minutes

All on the 10,000 test digits and one thread. Each round runs every contender once, in
turn. Written to benchmarks/integer.json: seconds (median and quartiles), and ratios to
LiteRT's reference kernels.
"""

import json
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

from qlib import nn, tflite
from qlib.conversion import convert_float
from qlib.data import DATA, load_float_model, load_mnist
from qlib.integer_nn import KERNELS, IntegerNetwork
from qlib.latency import latency_side_by_side
from qlib.linear import quantize
from qlib.training import build_model

ROUNDS = 5
FILE = DATA / "mnist_qat_int8.tflite"


def contenders() -> dict[str, Callable[[], object]]:
    """Return what is timed, by name, on the same digits."""
    images, weights = load_mnist()[1][0], load_float_model()
    network = IntegerNetwork.from_tflite(FILE)
    x = quantize(images[..., np.newaxis] / np.float32(255), network.input.params)
    float_file = convert_float(build_model(weights))
    found = {}
    for kernel in tflite.KERNELS:
        found[f"LiteRT int8, {kernel}"] = lambda k=kernel: tflite.predict(
            FILE, images, kernel=k
        )
        found[f"LiteRT int8, {kernel}, every tensor"] = lambda k=kernel: (
            tflite.every_tensor(FILE, x, kernel=k)
        )
    found["LiteRT float32, xnnpack"] = lambda: tflite.predict(float_file, images)
    for kernel in KERNELS:
        for keep in ("output", "all"):
            found[f"qlib {kernel}, keep {keep}"] = lambda k=kernel, a=keep: network.run(
                x, k, keep=a
            )
    found["qlib.nn float32, NumPy"] = lambda: nn.predict(weights, images)
    return found


def main() -> None:
    """Time all contenders, print one line each, and write the record."""
    found = latency_side_by_side(contenders(), seconds=0.01, least=ROUNDS)
    slow = found["LiteRT int8, reference"].median
    rows = {}
    for name, each in found.items():
        rows[name] = {
            "seconds": round(each.median, 4),
            "quartiles": [round(each.low, 4), round(each.high, 4)],
            "times as fast as reference": round(slow / each.median, 2),
        }
        print(
            f"{name:40} {each.median:7.3f} s ({each.low:.3f} to {each.high:.3f}), "
            f"{slow / each.median:6.2f} times as fast as LiteRT's reference"
        )
    record = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "packages": {n: version(n) for n in ("numpy", "ai-edge-litert")},
        "digits": 10_000,
        "rounds": ROUNDS,
        "found": rows,
    }
    path = Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
