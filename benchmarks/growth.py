"""How the time of each function grows with its input, over three decades.

python3 course.py bench growth
"""

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.harness import Aim, Benchmark, Group, Rows
from qlib import nn
from qlib._passes import MANY, PART
from qlib.calibration import entropy_range, mse_range
from qlib.codebook import kmeans_codebook
from qlib.data import DATA, load_float_model, load_mnist
from qlib.histogram import Histogram
from qlib.integer_nn import IntegerNetwork
from qlib.kmeans import EXACT
from qlib.linear import fake_quantize, params_for, quantize
from qlib.packing import pack

VALUES = tuple(int(10 ** (k / 2)) for k in range(8, 15))  # 10,000 to 10,000,000
IMAGES = tuple(int(10 ** (k / 2)) for k in range(2, 9))  # 10 to 10,000
N = "n"  # the column with the size of the input
CENTERS = 16
KMEANS = f"kmeans_codebook, {CENTERS} centers"


def groups(small: bool) -> Iterator[Group]:
    """Make a group for each function: its contenders are sizes of the input."""
    values, images = ((100, 1_000), (2, 5)) if small else (VALUES, IMAGES)
    x = np.random.default_rng(0).standard_normal(values[-1], dtype=np.float32) * 0.05
    for name, run in _of_values(x).items():
        yield _sizes(name, "values", run, values, small)
    few = [n for n in values if n * CENTERS <= EXACT]
    for how, sizes in ((" (the optimum)", few), (" (bins first)", values[len(few) :])):
        if sizes:
            yield _sizes(KMEANS + how, "values", _kmeans(x), sizes, small)
    for name, run in _of_images().items():
        yield _sizes(name, "images", run, images, small)


def _sizes(
    name: str, unit: str, run: Callable, sizes: tuple[int, ...], small: bool
) -> Group:
    todo = {f"qlib, {n:,} {unit}": run(n) for n in sizes}
    facts = dict(zip(todo, sizes, strict=True))
    return Group(
        name,
        todo,
        seconds=0 if small else 8,
        rounds=2 if small else 5,
        keep=lambda result: None,
        facts=lambda kept: {label: {N: n} for label, n in facts.items()},
    )


def _of_values(x: np.ndarray) -> dict[str, Callable]:
    """Return {name: function of n} that prepares a call with n values."""
    params, codes = params_for(x), (x * 100).clip(-8, 7).astype(np.int8)
    real, q = np.zeros_like(x), np.zeros(x.shape, np.int8)
    return {
        "quantize, out=": lambda n: lambda: quantize(x[:n], params, out=q[:n]),
        "fake_quantize, out=": lambda n: (
            lambda: fake_quantize(x[:n], params, out=real[:n])
        ),
        "Histogram.from_array": lambda n: lambda: Histogram.from_array(x[:n]),
        "mse_range": lambda n: lambda: mse_range(x[:n]),
        "entropy_range": lambda n: lambda: entropy_range(x[:n]),
        "pack, 4 bits": lambda n: lambda: pack(codes[:n], 4),
    }


def _kmeans(x: np.ndarray) -> Callable:
    """Return the function of n that prepares K-means with n values."""
    return lambda n: lambda: kmeans_codebook(x[:n], CENTERS)


def _of_images() -> dict[str, Callable]:
    """Return {name: function of n} that prepares a call with n digits."""
    images, weights = load_mnist()[1][0], load_float_model()
    network = IntegerNetwork.from_tflite(DATA / "mnist_qat_int8.tflite")
    x = quantize(images[..., np.newaxis] / np.float32(255), network.input.params)
    return {
        "IntegerNetwork.run, the output": lambda n: (
            lambda: network.run(x[:n], keep="output")
        ),
        "nn.predict": lambda n: lambda: nn.predict(weights, images[:n]),
    }


def slope(sizes: list[int], seconds: list[float]) -> float:
    """Return the slope of the straight line through the points on two log axes.

    1 means twice the time for twice the input, 0 the same time for any input.

    Example:
        >>> round(slope([10, 100, 1000], [1.0, 100.0, 10_000.0]), 6)
        2.0
    """
    return float(np.polyfit(np.log10(sizes), np.log10(seconds), 1)[0])


def slopes(rows: Rows) -> dict[str, float]:
    """Return the fitted slope of each function over all of its sizes."""
    return {name: slope(*points) for name, points in _points(rows).items()}


def last_slopes(rows: Rows) -> dict[str, float]:
    """Return the slope of each function over the largest tenfold of its sizes."""
    found = {}
    for name, (sizes, seconds) in _points(rows).items():
        last = [i for i, n in enumerate(sizes) if n * 10.1 >= sizes[-1]]
        found[name] = slope([sizes[i] for i in last], [seconds[i] for i in last])
    return found


def _points(rows: Rows) -> dict[str, tuple[list[int], list[float]]]:
    """Return the sizes and the seconds of each function."""
    return {
        name: tuple(
            [row[key] for row in rows if row["group"] == name] for key in (N, "seconds")
        )
        for name in dict.fromkeys(row["group"] for row in rows)
    }


def notes(rows: Rows) -> list[str]:
    """Return a sentence for each function."""
    last = last_slopes(rows)
    return [
        f"`{name}`: fitted slope {value:.2f}; over the last tenfold {last[name]:.2f}."
        for name, value in slopes(rows).items()
    ]


BENCHMARK = Benchmark(
    name="growth",
    title="How time grows with the input",
    about=f"""
    Each function on {len(VALUES)} sizes over three decades. A slope of 1 on two log
    axes (the dotted line) means twice the time for twice the input. Where a function
    has work that does not depend on the input, the line starts flat, and the last
    tenfold says more than the fit: `mse_range` is nearly all such work, on a histogram.
    Two functions change on the way: `quantize` and its kin take all cores from
    {MANY * PART:,} values on, and K-means, which finds the optimum for up to
    {EXACT // CENTERS:,} values, looks between bins first for more, so it has two lines.
    The optimum takes n log n steps, a little steeper than 1.
    """,
    groups=groups,
    picture="growth",
    aims=(
        Aim(
            "no worse than linear: the steepest fitted slope at most {limit}",
            lambda rows: max(slopes(rows).values()),
            1.1,
        ),
        Aim(
            "the same over the last tenfold: at most {limit}",
            lambda rows: max(last_slopes(rows).values()),
            1.2,
        ),
    ),
    notes=notes,
)
