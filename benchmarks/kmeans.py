"""How fast and how well k-means finds centers, beside scikit-learn and ckmeans.

    python3 course.py run python benchmarks/kmeans.py [rounds] [ckmeans]

Each round times every contender once, in turn, on 1,000,000 weights. With the word
"ckmeans", that package is timed too; it takes up to 255 clusters. Printed are medians,
how far each MSE lies above that of the exact optimum, and the peak of our memory.
"""

import os
import platform
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import sklearn
from ckmeans import ckmeans
from sklearn.cluster import KMeans

from qlib.codebook import Codebook, kmeans_codebook

SIZE = 1_000_000
OPTIMA = {16: 2.380483411e-5, 256: 1.010781959e-7}  # by dynamic programming


def contenders(x: np.ndarray, k: int, peer: bool) -> dict[str, Callable[[], Codebook]]:
    """Return what is timed, by name, on the same values; each makes a codebook."""

    def theirs() -> Codebook:
        fitted = KMeans(k, n_init=1, random_state=0).fit(x.reshape(-1, 1))
        return Codebook(np.unique(fitted.cluster_centers_.astype(np.float32)))

    def exact() -> Codebook:
        wide = x.astype(np.float64)
        return Codebook([part.mean() for part in ckmeans(wide, min(k, 255))])

    found = {
        "qlib kmeans_codebook": lambda: kmeans_codebook(x, k),
        f"scikit-learn {sklearn.__version__} KMeans": theirs,
    }
    return found | ({f"ckmeans, {min(k, 255)} clusters": exact} if peer else {})


def peak_bytes(run: Callable[[], object]) -> int:
    """Return the most memory that is held at once while `run` runs."""
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main(rounds: int = 3, peer: bool = False) -> None:
    """Time all contenders and print one line each."""
    x = np.random.default_rng(0).standard_normal(SIZE).astype(np.float32) * 0.05
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}")
    kmeans_codebook(x[:1000], 4)  # warm
    KMeans(4, n_init=1).fit(x[:1000].reshape(-1, 1))
    for k, optimum in OPTIMA.items():
        todo = contenders(x, k, peer)
        times, above = {name: [] for name in todo}, {}
        for _ in range(rounds):
            for name, run in todo.items():
                start = time.perf_counter()
                book = run()
                times[name].append(time.perf_counter() - start)
                error = np.mean((x.astype(np.float64) - book.fake_quantize(x)) ** 2)
                above[name] = error / optimum - 1
        peak = peak_bytes(lambda k=k: kmeans_codebook(x, k)) / x.nbytes
        print(f"\nk = {k}, {SIZE:,} float32; qlib's peak memory is {peak:.1f} x the")
        print(
            "input               median s   (least, most)      / qlib   MSE / optimum"
        )
        first = statistics.median(next(iter(times.values())))
        for name, each in times.items():
            middle = statistics.median(each)
            spread = f"({min(each):.2f}, {max(each):.2f})"
            print(
                f"{name:26} {middle:7.2f}   {spread:16} {middle / first:6.1f}   "
                f"1 {above[name]:+.1e}"
            )


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[1:] if word != "ckmeans"]
    main(*counts, peer="ckmeans" in sys.argv)
