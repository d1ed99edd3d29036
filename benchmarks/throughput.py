"""How fast qlib quantizes, beside a memory copy and NumPy's naive form, in one run.

    python3 course.py run python benchmarks/throughput.py [millions of values]

Each round times every contender once, in turn, so that a machine whose speed drifts
drifts for all. Printed are medians and the ratio to `np.copyto` into warm memory.
"""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from qlib.linear import dequantize, fake_quantize, params_for, quantize

ROUNDS = 7


def contenders(size: int) -> dict[str, Callable[[], object]]:
    """Return what is timed, by name, on the same values."""
    x = np.random.default_rng(0).standard_normal(size, dtype=np.float32) * 0.05
    params = params_for(x)
    scale, zero = np.float32(params.scale), np.float32(params.zero_point)
    y, q = np.zeros_like(x), np.zeros(size, np.int8)

    def naive() -> np.ndarray:
        return (np.clip(np.round(x / scale) + zero, -128, 127) - zero) * scale

    return {
        "np.copyto, warm": lambda: np.copyto(y, x),
        "qlib fake_quantize, out=": lambda: fake_quantize(x, params, out=y),
        "NumPy fake-quant, naive": naive,
        "qlib quantize, out=": lambda: quantize(x, params, out=q),
        "qlib dequantize, out=": lambda: dequantize(q, params, out=y),
    }


def main(millions: int = 100) -> None:
    """Time all contenders and print one line each."""
    size = millions * 1_000_000
    todo = contenders(size)
    times = {name: [] for name in todo}
    for run in todo.values():
        run()  # warm
    for done in range(ROUNDS):
        print(f"round {done + 1} of {ROUNDS}", end="\r", flush=True)
        for name, run in todo.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}")
    copy = statistics.median(times["np.copyto, warm"])
    print(f"{millions} million float32     median s   (least, most)   speed / copy")
    for name, each in times.items():
        middle = statistics.median(each)
        spread = f"({min(each):.3f}, {max(each):.3f})"
        print(f"{name:26} {middle:8.3f}   {spread}   {copy / middle:8.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
