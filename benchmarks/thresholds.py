"""Every threshold judged at once, beside one pass a threshold.

python3 course.py bench thresholds
"""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.harness import Aim, Benchmark, Contender, Group, times_as_fast
from qlib.histogram import Histogram
from qlib.thresholds import kl_divergences, mse_curve

BINS, LEVELS = 2048, 128
FEW = 12  # thresholds that the loops judge
ONE_PASS = "NumPy, one pass each"


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
        held, whole = [b for b in range(begin, end) if p[b]], sum(counts[begin:end])
        for b in held:
            q[b] = whole / len(held)
    of_p, of_q, total = sum(p), sum(q), 0.0
    for a, b in zip(p, q, strict=True):
        if a and not b:
            return math.inf
        if a:
            total += a / of_p * math.log(a / of_p * of_q / b)
    return total


def one_pass_mse(middles: np.ndarray, shares: np.ndarray, end: float) -> float:
    """Return the MSE of the grid up to one end, with NumPy over all bins."""
    scale = end / (LEVELS - 1)
    codes = np.minimum(np.rint(middles / scale), LEVELS - 1)
    return float((middles - scale * codes) ** 2 @ shares)


def loop_mse(middles: list, counts: list, end: float) -> float:
    """Return the MSE of the grid up to one end, with a loop over bins in Python."""
    scale, total = end / (LEVELS - 1), 0.0
    for x, n in zip(middles, counts, strict=True):
        total += n * (x - scale * min(round(x / scale), LEVELS - 1)) ** 2
    return total / sum(counts)


def groups(small: bool) -> Iterator[Group]:
    """Make the two searches, on the same values."""
    x = np.abs(np.random.default_rng(0).laplace(size=10_000 if small else 1_000_000))
    x *= (1 - 2**-20) / x.max()  # so that the bins of a Histogram are 1 / 2,048 wide
    counts = np.histogram(x, BINS, (0, 1))[0]
    h = Histogram.from_array(x, BINS)
    assert len(h.counts) == BINS and h.start == 0
    for title, todo in (("KL", _kl(counts)), ("MSE", _mse(h))):
        yield Group(
            f"{title}, {BINS + 1 - LEVELS:,} thresholds of {BINS:,} bins",
            todo,
            seconds=0 if small else 8,
            rounds=2 if small else 7,
            check=_check,
        )


def _kl(counts: np.ndarray) -> dict[str, Callable | Contender]:
    """Return the contenders that find the divergence at every threshold."""
    kept, rows = range(LEVELS, BINS + 1), counts.tolist()
    return {
        "qlib kl_divergences": lambda: kl_divergences(counts, LEVELS),
        ONE_PASS: lambda: np.array([one_pass_kl(counts, i, LEVELS) for i in kept]),
        **_loops(kept, lambda i: loop_kl(rows, i, LEVELS)),
    }


def _mse(h: Histogram) -> dict[str, Callable | Contender]:
    """Return the contenders that find the mean squared error at every threshold."""
    middles, ends = (h.edges[1:] + h.edges[:-1]) / 2, h.edges[LEVELS:]
    values, counts, shares = middles.tolist(), h.counts.tolist(), h.counts / h.total
    return {
        "qlib mse_curve": lambda: mse_curve(h, 8)[1],
        ONE_PASS: lambda: np.array([one_pass_mse(middles, shares, e) for e in ends]),
        **_loops(ends.tolist(), lambda end: loop_mse(values, counts, end)),
    }


def _loops(thresholds, judge: Callable) -> dict[str, Contender]:
    """Return loops in Python, at a few thresholds; their time is multiplied up."""
    few = [thresholds[i] for i in _few(len(thresholds))]
    run = partial(lambda few: [judge(threshold) for threshold in few], few)
    return {"Python loops": Contender(run, factor=len(thresholds) / FEW)}


def _few(n: int) -> np.ndarray:
    """Return the places of the thresholds that the loops judge."""
    return np.linspace(0, n - 1, FEW).astype(int)


def _check(found: dict) -> None:
    """Raise unless all contenders find the same values and the same best threshold."""
    ours, one_pass, loops = found.values()
    np.testing.assert_allclose(ours, one_pass, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(ours[_few(len(ours))], loops, rtol=1e-7, atol=1e-12)
    assert np.argmin(ours) == np.argmin(one_pass)


def _beside_one_pass(task: str, least: float) -> Aim:
    return Aim(
        f"{task} search: at least {{limit}} times as fast as one pass a threshold",
        times_as_fast("qlib", ONE_PASS, task),
        least,
        "times",
        at_least=True,
    )


BENCHMARK = Benchmark(
    name="thresholds",
    title="Range search by KL divergence and by MSE",
    about=f"""
    One histogram of a million magnitudes. qlib judges every threshold at once, by
    running sums; NumPy does one pass over the bins for each threshold. Loops in Python
    are timed at {FEW} thresholds and multiplied up. It is checked that all find the
    same values, and qlib and NumPy the same best threshold.
    """,
    groups=groups,
    aims=(_beside_one_pass("KL", 19), _beside_one_pass("MSE", 7.8)),
)
