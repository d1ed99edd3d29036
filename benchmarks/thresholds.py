"""How fast every threshold is judged at once, beside one pass a threshold, in one run.

    python3 course.py run python benchmarks/thresholds.py

Each round times every contender once, in turn. Loops in Python are timed at a few
thresholds and multiplied up. Printed are medians; all must find the same best one.
"""

import math
import os
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np

from qlib.histogram import Histogram
from qlib.thresholds import kl_divergences, mse_curve

ROUNDS = 7
BINS, LEVELS = 2048, 128
FEW = 12  # thresholds that the loops judge


def one_pass_kl(counts: np.ndarray, i: int, levels: int) -> float:
    """Return the divergence at one threshold, with NumPy over all of its bins."""
    p = counts[:i].astype(np.float64)
    p[-1] += counts[i:].sum()
    starts = np.arange(levels) * i // levels
    full = p > 0
    sums = np.add.reduceat(counts[:i], starts)
    held = np.add.reduceat(full.astype(np.int64), starts)
    each = np.divide(sums, held, out=np.zeros(levels), where=held > 0)
    q = np.repeat(each, np.diff(starts, append=i))[full]
    p = p[full]
    if not q.all():
        return np.inf
    p /= p.sum()
    return float(np.sum(p * np.log(p * (counts[:i].sum() / q))))


def loop_kl(counts: list, i: int, levels: int) -> float:
    """Return the divergence at one threshold, with loops over bins in Python."""
    p, q = [float(c) for c in counts[:i]], [0.0] * i
    p[-1] += sum(counts[i:])
    for j in range(levels):
        begin, end = j * i // levels, (j + 1) * i // levels
        held = [b for b in range(begin, end) if p[b]]
        for b in held:
            q[b] = sum(counts[begin:end]) / len(held)
    of_p, of_q, total = sum(p), sum(q), 0.0
    for a, b in zip(p, q, strict=True):
        if a and not b:
            return math.inf
        if a:
            total += a / of_p * math.log(a / of_p * of_q / b)
    return total


def one_pass_mse(middles: np.ndarray, counts: np.ndarray, end: float) -> float:
    """Return the MSE of the grid up to one end, with NumPy over all bins."""
    scale = end / (LEVELS - 1)
    codes = np.minimum(np.rint(middles / scale), LEVELS - 1)
    return float((middles - scale * codes) ** 2 @ counts / counts.sum())


def loop_mse(middles: list, counts: list, end: float) -> float:
    """Return the MSE of the grid up to one end, with a loop over bins in Python."""
    scale, total = end / (LEVELS - 1), 0.0
    for x, n in zip(middles, counts, strict=True):
        total += n * (x - scale * min(round(x / scale), LEVELS - 1)) ** 2
    return total / sum(counts)


def contenders() -> dict[str, dict[str, Callable[[], np.ndarray]]]:
    """Return what is timed, by task and name, on the same histograms."""
    x = np.abs(np.random.default_rng(0).laplace(size=1_000_000))
    x *= (1 - 2**-20) / x.max()  # so that the bins of a Histogram are 1 / 2,048 wide
    counts = np.histogram(x, BINS, (0, 1))[0]
    h = Histogram.from_array(x, BINS)
    assert len(h.counts) == BINS and h.start == 0
    middles, ends = (h.edges[1:] + h.edges[:-1]) / 2, h.edges[LEVELS:]
    kept = range(LEVELS, BINS + 1)
    few = np.linspace(0, len(kept) - 1, FEW).astype(int)
    rows, middle_rows = counts.tolist(), middles.tolist()
    return {
        "KL": {
            "qlib kl_divergences": lambda: kl_divergences(counts, LEVELS),
            "NumPy, one pass each": lambda: np.array(
                [one_pass_kl(counts, i, LEVELS) for i in kept]
            ),
            "Python loops": lambda: [loop_kl(rows, kept[i], LEVELS) for i in few],
        },
        "MSE": {
            "qlib mse_curve": lambda: mse_curve(h, 8)[1],
            "NumPy, one pass each": lambda: np.array(
                [one_pass_mse(middles, h.counts, end) for end in ends]
            ),
            "Python loops": lambda: [
                loop_mse(middle_rows, rows, float(ends[i])) for i in few
            ],
        },
    }


def main() -> None:
    """Time all contenders, compare what they find, and print one line each."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}")
    for task, todo in contenders().items():
        ours, one_pass, loops = (run() for run in todo.values())  # warm
        few = np.linspace(0, len(ours) - 1, FEW).astype(int)
        np.testing.assert_allclose(ours, one_pass, rtol=1e-7, atol=1e-12)
        np.testing.assert_allclose(ours[few], loops, rtol=1e-7, atol=1e-12)
        assert np.argmin(ours) == np.argmin(one_pass)
        times = {name: [] for name in todo}
        for _ in range(ROUNDS):
            for name, run in todo.items():
                start = time.perf_counter()
                run()
                spent = time.perf_counter() - start
                spent *= len(ours) / FEW if "loops" in name else 1
                times[name].append(spent * 1e3)
        print(f"\n{task}, {len(ours)} thresholds of {BINS} bins, {LEVELS} levels, best")
        print(f"is number {np.argmin(ours)}:    median ms   (least, most)   / qlib")
        first = statistics.median(next(iter(times.values())))
        for name, each in times.items():
            middle = statistics.median(each)
            spread = f"({min(each):.1f}, {max(each):.1f})"
            said = f", {FEW} thresholds timed, multiplied up" if "loops" in name else ""
            print(f"{name:22} {middle:10.1f}   {spread:18} {middle / first:7.1f}{said}")


if __name__ == "__main__":
    main()
