"""K-means codebooks beside scikit-learn's and an exact package's.

python3 course.py bench kmeans
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from ckmeans import ckmeans
from sklearn.cluster import KMeans

from benchmarks.harness import Aim, Benchmark, Group, Row, Rows, times_as_fast
from qlib.codebook import Codebook, kmeans_codebook
from qlib.kmeans import EXACT

SIZES = (  # values, clusters, fewest rounds, whether the exact package takes part
    (1_000_000, 16, 5, True),
    (100_000, 255, 5, True),  # the most clusters that it takes
    (1_000_000, 256, 3, False),
)
SMALL = ((2_000, 8, 2, True),)
ABOVE = "MSE above the least found (%)"


def title(size: int, k: int) -> str:
    """Return the name of a group."""
    return f"{k} centers for {size:,} values"


def groups(small: bool) -> Iterator[Group]:
    """Make a group for each number of values and centers."""
    for size, k, rounds, exact in SMALL if small else SIZES:
        x = np.random.default_rng(0).standard_normal(size).astype(np.float32) * 0.05
        yield Group(
            title(size, k),
            _contenders(x, k, exact),
            seconds=0,
            rounds=rounds,
            first_counts=not exact,  # scikit-learn takes long, and nothing warms up
            facts=partial(_errors, x),
        )


def _contenders(
    x: np.ndarray, k: int, exact: bool
) -> dict[str, Callable[[], Codebook]]:
    """Return what is timed, by name, on the same values; each makes a codebook."""

    def theirs() -> Codebook:
        fitted = KMeans(k, n_init=1, random_state=0).fit(x.reshape(-1, 1))
        return Codebook(np.unique(fitted.cluster_centers_.astype(np.float32)))

    def optimum() -> Codebook:
        return Codebook([part.mean() for part in ckmeans(x.astype(np.float64), k)])

    found = {
        "qlib kmeans_codebook": lambda: kmeans_codebook(x, k),
        "scikit-learn KMeans": theirs,
    }
    return found | ({"ckmeans, exact": optimum} if exact else {})


def _errors(x: np.ndarray, found: dict[str, Codebook]) -> dict[str, Row]:
    """Return how far each codebook's error lies above the least, in percent."""
    wide = x.astype(np.float64)
    mse = {n: np.mean((wide - book.fake_quantize(x)) ** 2) for n, book in found.items()}
    least = min(mse.values())
    return {name: {ABOVE: round(100 * (v / least - 1), 6)} for name, v in mse.items()}


def _worst_error(rows: Rows) -> float:
    """Return our largest error, where the exact package says what is least."""
    exact = {row["group"] for row in rows if row["name"].startswith("ckmeans")}
    ours = (row for row in rows if row["kind"] == "ours" and row["group"] in exact)
    return max(row[ABOVE] for row in ours)


def _beside(peer: str, least: float, size: int, k: int) -> Aim:
    times = "{limit} times " * (least > 1)
    return Aim(
        f"{title(size, k)}: at least {times}as fast as {peer}",
        times_as_fast("qlib", peer, title(size, k)),
        least,
        "times",
        at_least=True,
    )


BENCHMARK = Benchmark(
    name="kmeans",
    title="K-means codebooks",
    about=f"""
    Normally distributed float32 weights. scikit-learn's `KMeans` is started once, with
    its defaults otherwise, on all cores; the others use one. `ckmeans` finds the exact
    optimum, for up to 255 clusters, so that it is left out of the last task; its time
    has the conversion to float64 in it. qlib guarantees the optimum for up to
    {EXACT:,} different values times clusters only. All tasks here are beyond that: it
    looks for the bounds between bins, and then refines them. The error of each codebook
    is compared with the least that any contender of the group found, which beside
    `ckmeans` is the least there is; the aim counts these tasks alone.
    """,
    groups=groups,
    packages=("numpy", "scikit-learn", "ckmeans"),
    aims=(
        Aim(
            "K-means: an MSE within {limit} % of the optimum",
            _worst_error,
            0.01,
            "%",
        ),
        _beside("scikit-learn", 4.4, 1_000_000, 16),
        _beside("scikit-learn", 15, 1_000_000, 256),
        _beside("ckmeans", 1, 1_000_000, 16),
        _beside("ckmeans", 1, 100_000, 255),
    ),
)
