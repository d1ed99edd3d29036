"""qlib.latency: what is counted and in which order; how fast it is, no test says."""

import dataclasses
import math

import numpy as np
import pytest

from qlib import latency as module
from qlib.data import DATA, load_mnist
from qlib.latency import Latency, latency, latency_side_by_side, runner

FILE = DATA / "mnist_qat_int8.tflite"
X_TEST = load_mnist()[1][0]


class Clock:
    """A clock that goes on only as functions run."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self) -> float:
        return self.now

    def taking(self, name: str, *seconds: float):
        """Return a function whose calls take these seconds; the last goes on."""
        left = list(seconds)

        def run():
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return run


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "perf_counter", clock)
    return clock


def test_the_first_calls_are_not_counted(clock):
    run = clock.taking("run", *[100.0] * module.WARM_UP, 0.5)
    assert latency(run, seconds=10) == Latency(0.5, 0.5, 0.5, 20)


def test_at_least_so_many_calls_are_timed(clock):
    run = clock.taking("run", 8.0)
    assert latency(run, seconds=1, least=5).runs == 5
    assert len(clock.calls) == 5 + module.WARM_UP


def test_low_and_high_are_the_quartiles(clock):
    run = clock.taking("run", *[1.0] * module.WARM_UP, 1, 2, 3, 4, 500)
    assert latency(run, seconds=0.1, least=5) == Latency(3, 2, 4, 5)


def test_candidates_take_turns_and_each_has_its_own_times(clock):
    runs = {"a": clock.taking("a", 1.0), "b": clock.taking("b", 3.0)}
    found = latency_side_by_side(runs, seconds=10)
    assert found == {"a": Latency(1, 1, 1, 11), "b": Latency(3, 3, 3, 11)}
    assert clock.calls[2 * module.WARM_UP :] == ["a", "b"] * 11


def test_rounds_go_on_for_the_seconds_of_all_candidates(clock):
    runs = {"a": clock.taking("a", 0.25), "b": clock.taking("b", 0.75)}
    assert latency_side_by_side(runs, seconds=10)["a"].runs == 20


def test_a_real_clock_gives_positive_times_in_order():
    found = latency(lambda: sum(range(1000)), seconds=0.02)
    assert 0 < found.low <= found.median <= found.high
    assert found.runs >= 11 and all(math.isfinite(v) for v in vars(found).values())


def test_a_result_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        latency(int, seconds=0.001).median = 1.0


def test_what_a_function_raises_comes_through():
    with pytest.raises(ZeroDivisionError):
        latency(lambda: 1 / 0)


# --- running a model -----------------------------------------------------------------


@pytest.mark.parametrize("kernel", ["xnnpack", "optimized", "reference"])
@pytest.mark.parametrize("batch", [1, 10])
def test_a_runner_runs_with_each_kernel(kernel, batch):
    run = runner(FILE, X_TEST, batch, kernel)
    assert run() is None
    assert latency(run, seconds=0.01, least=3).runs >= 3


def test_a_runner_sets_the_first_images_once_and_invokes_alone(monkeypatch):
    calls, opened = [], module.open_model(FILE, 2)

    class Watched:
        def __getattr__(self, name):
            calls.append(name)
            return getattr(opened, name)

    monkeypatch.setattr(module, "open_model", lambda *_: Watched())
    run = runner(FILE, X_TEST, batch=2)
    calls.clear()
    run()
    run()
    assert calls == ["invoke", "invoke"]
    at, out = opened.get_input_details()[0], opened.get_output_details()[0]
    codes = X_TEST[:2].astype(int) - 128
    np.testing.assert_array_equal(opened.get_tensor(at["index"])[..., 0], codes)
    assert opened.get_tensor(out["index"]).argmax(axis=1).tolist() == [7, 2]


def test_grey_levels_and_real_images_set_the_same_input(monkeypatch):
    seen = []
    real = module.as_input
    monkeypatch.setattr(
        module, "as_input", lambda *a: seen.append(real(*a)) or seen[-1]
    )
    runner(FILE, X_TEST[:5], batch=5)
    runner(FILE, X_TEST[:5, ..., None] / 255, batch=5)
    np.testing.assert_array_equal(*seen)


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, "1", None, [1, 2]])
def test_bad_seconds_are_named(seconds):
    with pytest.raises((TypeError, ValueError), match="seconds is"):
        latency(int, seconds=seconds)


@pytest.mark.parametrize("least", [2, 0, -5, 11.0, "11", True])
def test_a_bad_least_is_named(least):
    with pytest.raises((TypeError, ValueError), match="least is"):
        latency(int, least=least)


@pytest.mark.parametrize("run", [None, 3, "run", Latency(1, 1, 1, 3)])
def test_what_cannot_be_called_is_named(run):
    with pytest.raises(TypeError, match=f"run is {type(run).__name__}: a function"):
        latency(run)
    with pytest.raises(TypeError, match="b is .*without arguments"):
        latency_side_by_side({"a": int, "b": run})


def test_no_candidates_are_named():
    with pytest.raises(ValueError, match="runs is empty"):
        latency_side_by_side({})
    for runs in (None, [int], int):
        with pytest.raises(TypeError, match="runs is .*a dictionary"):
            latency_side_by_side(runs)


def test_images_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="images has 3, fewer than a batch of 4"):
        runner(FILE, X_TEST[:3], batch=4)
    with pytest.raises(ValueError, match=r"the model takes \(n, 28, 28, 1\)"):
        runner(FILE, X_TEST[:3, :20])
    with pytest.raises(TypeError, match="dtype int64"):
        runner(FILE, X_TEST[:3].astype(np.int64))
    with pytest.raises(ValueError, match="kernel is 'fast'"):
        runner(FILE, X_TEST[:3], kernel="fast")
    with pytest.raises(FileNotFoundError, match="no file nowhere"):
        runner("nowhere.tflite", X_TEST[:3])
