"""How long one call takes: many are timed, one by one, and told by their quartiles.

A mean is moved by every call that the machine interrupts; the median is not, and the
quartiles show how sure it is. Candidates take turns, so that a slow moment hits all.
Introduced in lesson 05.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from qlib._checked import one_number, whole_number
from qlib._model import as_real, images_for
from qlib.tflite import as_input, open_model

WARM_UP = 3  # calls: the first ones fill caches and start threads


@dataclass(frozen=True)
class Latency:
    """The time of one call in seconds: median, lower and upper quartile, and calls.

    Example:
        >>> Latency(0.002, 0.0019, 0.0025, 100)
        Latency(median=0.002, low=0.0019, high=0.0025, runs=100)
    """

    median: float
    low: float
    high: float
    runs: int


def latency(run: Callable[[], Any], seconds: float = 0.3, least: int = 11) -> Latency:
    """Return how long `run()` takes, after some calls to warm up.

    Args:
        run: a function without arguments.
        seconds: how long to measure, in seconds; calls are timed until they have
            passed.
        least: the fewest calls that are timed, 3 or more.

    Raises:
        TypeError: run cannot be called; seconds or least is no number.
        ValueError: seconds is not above 0, or least below 3.

    Source: lesson 05.

    Example:
        >>> latency(lambda: sum(range(1000)), seconds=0.01).runs >= 11
        True
    """
    return latency_side_by_side({"run": run}, seconds, least)["run"]


def latency_side_by_side(
    runs: Mapping[str, Callable[[], Any]], seconds: float = 0.3, least: int = 11
) -> dict[str, Latency]:
    """Return how long each of several functions takes, called in turns.

    Args:
        runs: functions without arguments, by name.
        seconds: as for `latency`, for each function on average: rounds go on until
            `seconds` times the number of functions have passed.
        least: the fewest rounds, 3 or more.

    Raises:
        TypeError, ValueError: as `latency`; runs is no mapping, or empty.

    Source: lesson 05.

    Example:
        >>> runs = {"short": lambda: sum(range(10)), "long": lambda: sum(range(10_000))}
        >>> found = latency_side_by_side(runs, seconds=0.01)
        >>> found["short"].median < found["long"].median
        True
    """
    _require_runs(runs)
    seconds = one_number(seconds, "seconds", 0, 3600)
    least = whole_number(least, "least", 3, 1_000_000)
    for run in runs.values():
        for _ in range(WARM_UP):
            run()
    times = {name: [] for name in runs}
    end, rounds = perf_counter() + seconds * len(runs), 0
    while rounds < least or perf_counter() < end:
        for name, run in runs.items():
            times[name].append(_seconds_of(run))
        rounds += 1
    return {name: _summary(found) for name, found in times.items()}


def runner(
    model: bytes | str | Path,
    images: np.ndarray,
    batch: int = 1,
    kernel: str = "xnnpack",
) -> Callable[[], None]:
    """Return a function that runs a .tflite model once, on its first `batch` images.

    The model is opened and its input set here, so that the network alone is timed.

    Args:
        model: the bytes of a .tflite file, or its path.
        images: uint8 (divided by 255) or real, shape (n, ...) as the model takes them,
            n at least `batch`.
        batch: images at once.
        kernel: as for `qlib.tflite.open_model`.

    Raises:
        TypeError, ValueError, FileNotFoundError: as `qlib.tflite.open_model`; images do
            not fit the model, or are fewer than `batch`.

    Source: lesson 05.

    Example:
        >>> from qlib.data import DATA, load_mnist
        >>> run = runner(DATA / "mnist_qat_int8.tflite", load_mnist()[1][0], batch=100)
        >>> latency(run, seconds=0.05).median < 1
        True
    """
    interpreter = open_model(model, batch, kernel)
    inputs = interpreter.get_input_details()
    if len(inputs) != 1:
        raise ValueError(f"the model has {len(inputs)} inputs: one is needed.")
    at = inputs[0]
    images = images_for(images, tuple(int(side) for side in at["shape"]))
    if len(images) < batch:
        raise ValueError(
            f"images has {len(images)}, fewer than a batch of {batch}: give more, or "
            "take a smaller batch."
        )
    interpreter.set_tensor(at["index"], as_input(as_real(images[:batch]), at))

    def run() -> None:
        interpreter.invoke()

    return run


def _seconds_of(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return perf_counter() - start


def _summary(times: list[float]) -> Latency:
    low, median, high = (float(v) for v in np.percentile(times, (25, 50, 75)))
    return Latency(median, low, high, len(times))


def _require_runs(runs: Any) -> None:
    """Raise unless there are functions, by name."""
    if not isinstance(runs, Mapping):
        raise TypeError(
            f"runs is {type(runs).__name__}: a dictionary is needed, from the name of "
            "a candidate to a function without arguments."
        )
    if not runs:
        raise ValueError("runs is empty: give at least one function.")
    for name, run in runs.items():
        if not callable(run):
            raise TypeError(
                f"{name} is {type(run).__name__}: a function without arguments is "
                "needed, not what it returned."
            )
