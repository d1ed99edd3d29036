"""Figures: each carries what it shows, and a strict run notices when that changes."""

import itertools
import json
import shutil
import subprocess
import sys

import ipywidgets
import nbformat
import numpy as np
import pytest

from qlib.device import Device, Place
from qlib.flatbuffer import ModelFile, Operator, Tensor
from qlib.histogram import Histogram
from qlib.latency import Latency
from qlib.linear import choose_params
from qlib.params import QuantParams
from qlib.plots import (
    cover,
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_11,
)
from qlib.plots.live import explore, fit_progress, progress
from qlib.qat import Trained
from qlib.quiet import load_tensorflow
from tests.figure_data import figures, first_difference
from tests.notebooks import ROOT

RNG = np.random.default_rng(0)
W = RNG.normal(0, 0.1, (300, 20)).astype(np.float32)
IMAGE = RNG.random((28, 28)).astype(np.float32)
GRID = choose_params(-1.0, 2.5, bits=3)
OTHER = choose_params(-1.0, 2.6, bits=3)
SHARES = np.linspace(0.1, 0.4, 20)
COUNTED, SHIFTED = Histogram.from_array(W), Histogram.from_array(W + np.float32(0.05))
CURVE = SHARES, 1 + SHARES


def noise(size):
    """Return made-up mean squares of three layers and counts of labels."""
    keys = itertools.product(("conv", "dense", "logits"), ("predicted", "measured"))
    return {" ".join(key): size for key in keys} | {"expected": 3, "counted": 4}


def scores(last):
    """Return made-up accuracies of one layer, on and off, for both grains."""
    keys = itertools.product(("conv on", "conv off"), (None, -1), (8, 4))
    return {key: last if key[2] == 4 else 0.99 for key in keys}


def trained(shift):
    """Return a made-up network whose layer dense has the weights W, shifted."""
    grid = QuantParams(0.1, 0, 2, narrow_range=True)
    return Trained({"dense/kernel": W + np.float32(shift)}, {"dense": grid})


def walk(last):
    """Return a made-up weight on its way."""
    return {"goal": (np.array([0.4, 0.6, last]), np.array([0.5, 0.5, 1.0]))}


def kernels(seconds):
    """Return made-up latencies of the three kernels."""
    names = ("reference", "optimized", "xnnpack")
    return {name: Latency(seconds, 0.9 * seconds, 2 * seconds, 9) for name in names}


def opened(scale):
    """Return a made-up model of one operator."""
    given = Tensor(0, "a", (1, 4), "int8", np.float32(0.5), 0)
    made = Tensor(1, "b", (1, 2), "int8", np.float32(scale), 3)
    step = Operator("FULLY_CONNECTED", (0, 2), (1,), {})
    weights = Tensor(2, "w", (2, 4), "int8", np.ones(2, np.float32), 0, 0)
    return ModelFile((given, made, weights), (step,), (0,), (1,), 1, 100)


CODES = RNG.integers(-128, 128, (12, 12)).astype(np.int8)
TENSOR = Tensor(0, "t", (1, 64, 64), "int8")


# Each figure twice: as it is, and with one thing changed that it shows.
PAIRS = {
    "weight_and_levels": [
        lambda: lesson_00.weight_and_levels(0.04, 0.005, 0.6),
        lambda: lesson_00.weight_and_levels(0.05, 0.005, 0.6),
    ],
    "bits_buy": [
        lambda: lesson_00.bits_buy([2, 8], [90, 350], [14, 56], 8),
        lambda: lesson_00.bits_buy([2, 8], [90, 350], [14, 56], 2),
    ],
    "log_bars": [
        lambda: lesson_00.log_bars({"a": {"x": 0.1, "y": 10}}, "energy (pJ)"),
        lambda: lesson_00.log_bars({"a": {"x": 0.1, "y": 11}}, "energy (pJ)"),
    ],
    "accuracy_and_bytes": [
        lambda: lesson_00.accuracy_and_bytes({8: (350, 0.99), 2: (90, 0.2)}, 0.002),
        lambda: lesson_00.accuracy_and_bytes({8: (350, 0.99), 2: (90, 0.3)}, 0.002),
    ],
    "what_fits": [
        lambda: lesson_00.what_fits([8, 2], {"a": ["RAM", ""], "b": ["", ""]}, 1),
        lambda: lesson_00.what_fits([8, 2], {"a": ["", ""], "b": ["", ""]}, 1),
    ],
    "number_line": [
        lambda: lesson_01.number_line(np.array([0.1, 0.7]), GRID),
        lambda: lesson_01.number_line(np.array([0.1, 0.72]), GRID),
    ],
    "staircase": [
        lambda: lesson_01.staircase([GRID, GRID], -2, 3),
        lambda: lesson_01.staircase([GRID, OTHER], -2, 3),
    ],
    "grids": [
        lambda: lesson_01.grids({"a": np.arange(4), "b": np.arange(3)}, marked=1),
        lambda: lesson_01.grids({"a": np.arange(4), "b": np.arange(3)}, marked=2),
    ],
    "codes_used": [
        lambda: lesson_01.codes_used({"w": (W, GRID)}),
        lambda: lesson_01.codes_used({"w": (W + 0.05, GRID)}),
    ],
    "digits": [
        lambda: lesson_01.digits({"a": IMAGE}, 0, 1),
        lambda: lesson_01.digits({"a": IMAGE.T}, 0, 1),
    ],
    "error_against_bits": [
        lambda: lesson_01.error_against_bits([2, 3, 4], {"e": [4, 2, 1]}),
        lambda: lesson_01.error_against_bits([2, 3, 4], {"e": [4, 2.02, 1]}),
    ],
    "bars": [
        lambda: lesson_01.bars({"a": 1.0, "b": -0.5}, "mean error (steps)"),
        lambda: lesson_01.bars({"a": 1.0, "b": -0.51}, "mean error (steps)"),
    ],
    "channel_ranges": [
        lambda: lesson_01.channel_ranges(W),
        lambda: lesson_01.channel_ranges(W * np.linspace(1, 1.05, 20)),
    ],
    "weights_on_grid": [
        lambda: lesson_01.weights_on_grid(W, 4, 0.3),
        lambda: lesson_01.weights_on_grid(W, 4, 0.31),
    ],
    "two_errors": [
        lambda: lesson_02.two_errors(SHARES, {("w", 4): (SHARES, SHARES[::-1])}),
        lambda: lesson_02.two_errors(SHARES, {("w", 4): (SHARES, SHARES[::-1] * 1.1)}),
    ],
    "reach_and_errors": [
        lambda: lesson_02.reach_and_errors(W, 4, 0.5),
        lambda: lesson_02.reach_and_errors(W, 4, 0.55),
    ],
    "errors_in_steps": [
        lambda: lesson_02.errors_in_steps({"w": W}),
        lambda: lesson_02.errors_in_steps({"w": 1.1 * W}),
    ],
    "sqnr_by_bits": [
        lambda: lesson_02.sqnr_by_bits([2, 3], {"w": ([6, 12], [7, 12])}),
        lambda: lesson_02.sqnr_by_bits([2, 3], {"w": ([6, 12], [7, 13])}),
    ],
    "valleys": [
        lambda: lesson_02.valleys(W[:50], 8, [0.004, 0.005], [0.0045]),
        lambda: lesson_02.valleys(W[:50], 8, [0.004, 0.005], [0.0046]),
    ],
    "loss_and_paths": [
        lambda: lesson_02.loss_and_paths(W, 4, {"path": SHARES}, {"grid": 0.1}),
        lambda: lesson_02.loss_and_paths(W, 4, {"path": SHARES}, {"grid": 0.11}),
    ],
    "shifts": [
        lambda: lesson_02.shifts({"3 bits": W}),
        lambda: lesson_02.shifts({"3 bits": W + 0.01}),
    ],
    "travel": [
        lambda: lesson_02.travel({8: noise(1.0), 4: noise(2.0)}),
        lambda: lesson_02.travel({8: noise(1.0), 4: noise(2.1)}),
    ],
    "sensitivity": [
        lambda: lesson_02.sensitivity(scores(0.9), [8, 4], 0.99),
        lambda: lesson_02.sensitivity(scores(0.91), [8, 4], 0.99),
    ],
    "accuracy_by_bits": [
        lambda: lesson_02.accuracy_by_bits({"t": {"m": [0.99, 0.9]}}, [8, 4], 0.99),
        lambda: lesson_02.accuracy_by_bits({"t": {"m": [0.99, 0.8]}}, [8, 4], 0.99),
    ],
    "tensors": [
        lambda: lesson_03.tensors({"w": COUNTED}),
        lambda: lesson_03.tensors({"w": SHIFTED}),
    ],
    "threshold_view": [
        lambda: lesson_03.threshold_view(COUNTED, CURVE, CURVE, 0.2, bits=4),
        lambda: lesson_03.threshold_view(COUNTED, CURVE, CURVE, 0.21, bits=4),
    ],
    "three_optima": [
        lambda: lesson_03.three_optima({"w": (CURVE, CURVE, CURVE)}),
        lambda: lesson_03.three_optima({"w": (CURVE, CURVE, (SHARES, 1 - SHARES))}),
    ],
    "levels": [
        lambda: lesson_03.levels(COUNTED, {"linear": np.array([-1.0, 0.5])}),
        lambda: lesson_03.levels(COUNTED, {"linear": np.array([-1.0, 0.6])}),
    ],
    "lloyd_paths": [
        lambda: lesson_03.lloyd_paths({"w": ({"linear": [2.0, 1.5]}, 1.0)}),
        lambda: lesson_03.lloyd_paths({"w": ({"linear": [2.0, 1.4]}, 1.0)}),
    ],
    "rate_and_error": [
        lambda: lesson_03.rate_and_error({"linear": ([2, 3], [5, 10])}),
        lambda: lesson_03.rate_and_error({"linear": ([2, 3], [5, 11])}),
    ],
    "methods_by_bits": [
        lambda: lesson_03.methods_by_bits({"t": {"m": [0.99, 0.9]}}, [8, 4], 0.99),
        lambda: lesson_03.methods_by_bits({"t": {"m": [0.99, 0.8]}}, [8, 4], 0.99),
    ],
    "steps_bought": [
        lambda: lesson_03.steps_bought({"a": 0.5, "b": 0.98}, 0.99),
        lambda: lesson_03.steps_bought({"a": 0.5, "b": 0.97}, 0.99),
    ],
    "estimator": [
        lambda: lesson_04.estimator(SHARES, np.round(9 * SHARES), SHARES, 1.0),
        lambda: lesson_04.estimator(SHARES, np.round(9 * SHARES), 2 * SHARES, 1.0),
    ],
    "one_weight": [
        lambda: lesson_04.one_weight(walk(0.8), 0.5),
        lambda: lesson_04.one_weight(walk(0.9), 0.5),
    ],
    "learning_curves": [
        lambda: lesson_04.learning_curves({"W2A2": SHARES}, steps=100),
        lambda: lesson_04.learning_curves({"W2A2": 1.1 * SHARES}, steps=100),
    ],
    "gathering": [
        lambda: lesson_04.gathering({0: trained(0), 9: trained(0.02)}, "dense", (0, 9)),
        lambda: lesson_04.gathering({0: trained(0), 9: trained(0.04)}, "dense", (0, 9)),
    ],
    "gathering_at": [
        lambda: lesson_04.gathering_at(np.full(80, 0.01), 5, 0.1, 0.05),
        lambda: lesson_04.gathering_at(np.full(80, 0.02), 5, 0.1, 0.05),
    ],
    "arms": [
        lambda: lesson_04.arms({"a": {"W8A8": [0.98], "W2A2": [0.9, 0.92]}}, 0.99),
        lambda: lesson_04.arms({"a": {"W8A8": [0.98], "W2A2": [0.9, 0.93]}}, 0.99),
    ],
    "ranges_seen": [
        lambda: lesson_04.ranges_seen({"x": {"true": (0, 1), "fresh": (-6, 6)}}),
        lambda: lesson_04.ranges_seen({"x": {"true": (0, 2), "fresh": (-6, 6)}}),
    ],
    "channel_reach": [
        lambda: lesson_04.channel_reach(SHARES, SHARES**2),
        lambda: lesson_04.channel_reach(SHARES, SHARES**3),
    ],
    "stability": [
        lambda: lesson_04.stability({"turn": ([0, 9], {"a": [1, 0.9]}, {"a": [1, 1]})}),
        lambda: lesson_04.stability({"turn": ([0, 9], {"a": [1, 0.8]}, {"a": [1, 1]})}),
    ],
    "size_and_accuracy": [
        lambda: lesson_05.size_and_accuracy({"a": (200_000, 0.99)}, 0.002),
        lambda: lesson_05.size_and_accuracy({"a": (200_000, 0.98)}, 0.002),
    ],
    "images_needed": [
        lambda: lesson_05.images_needed({"a": ((1, 10), np.eye(2))}),
        lambda: lesson_05.images_needed({"a": ((1, 10), np.eye(2) + 1)}),
    ],
    "model_diagram": [
        lambda: lesson_05.model_diagram(opened(0.1)),
        lambda: lesson_05.model_diagram(opened(0.2)),
    ],
    "pixel": [
        lambda: lesson_05.pixel(CODES, CODES[:3, :3], (2, 4), -128, "a"),
        lambda: lesson_05.pixel(CODES, CODES[:3, 1:4], (2, 4), -128, "a"),
    ],
    "roundings": [
        lambda: lesson_05.roundings(np.arange(5), {"a": np.arange(5)}, SHARES[:5]),
        lambda: lesson_05.roundings(np.arange(5), {"a": -np.arange(5)}, SHARES[:5]),
    ],
    "wrong_places": [
        lambda: lesson_05.wrong_places({"a": np.eye(4)}),
        lambda: lesson_05.wrong_places({"a": -np.eye(4)}),
    ],
    "latencies": [
        lambda: lesson_05.latencies({"a": kernels(1e-4)}, "one image"),
        lambda: lesson_05.latencies({"a": kernels(2e-4)}, "one image"),
    ],
    "memory_plan": [
        lambda: lesson_05.memory_plan([Place(TENSOR, 0, 4096, 0, 1)], ["a", "b"]),
        lambda: lesson_05.memory_plan([Place(TENSOR, 64, 4096, 0, 1)], ["a", "b"]),
    ],
    "budgets": [
        lambda: lesson_05.budgets({"a": (9000, 100)}, {"b": Device(9000, 2000)}, 0),
        lambda: lesson_05.budgets({"a": (9000, 100)}, {"b": Device(9000, 3000)}, 0),
    ],
    "cast_and_clip": [
        lambda: lesson_11.cast_and_clip(5.0),
        lambda: lesson_11.cast_and_clip(5.5),
    ],
    "lost_levels": [
        lambda: lesson_11.lost_levels(np.arange(256) // 2 * 2),
        lambda: lesson_11.lost_levels(np.arange(256) // 3 * 3),
    ],
    "codes_on_grids": [
        lambda: lesson_11.codes_on_grids(W, {"a": GRID, "b": OTHER}),
        lambda: lesson_11.codes_on_grids(W, {"a": GRID, "b": choose_params(-1, 1)}),
    ],
    "two_mses": [
        lambda: lesson_11.two_mses(SHARES, SHARES, 1 - SHARES),
        lambda: lesson_11.two_mses(SHARES, SHARES, 1.1 - SHARES),
    ],
    "lottery": [
        lambda: lesson_11.lottery(SHARES, SHARES[::-1], (500, 9500)),
        lambda: lesson_11.lottery(SHARES, SHARES[::-1] + 0.01, (500, 9500)),
    ],
    "loss_curves": [
        lambda: lesson_11.loss_curves({"a": SHARES, "b": SHARES + 1}, 1.46),
        lambda: lesson_11.loss_curves({"a": SHARES, "b": SHARES + 2}, 1.46),
    ],
    "cover": [lambda: cover.cover(IMAGE), lambda: cover.cover(IMAGE.T)],
}


@pytest.mark.parametrize("figure", PAIRS)
def test_a_figure_is_the_same_twice_and_differs_when_its_data_do(figure):
    draw, draw_other = PAIRS[figure]
    first, again, other = (json.loads(f().data) for f in (draw, draw, draw_other))
    assert first_difference(first, again) == ""
    assert "figure" in first_difference(first, other)


@pytest.mark.parametrize("figure", PAIRS)
def test_a_figure_has_words_and_its_image_is_small(figure):
    data, metadata = PAIRS[figure][0]()._repr_mimebundle_()
    assert len(metadata["image/png"]["alt"]) > 30
    assert len(data["image/png"]) < 60_000
    assert metadata["image/png"]["alt"] in data["text/plain"]


@pytest.mark.parametrize(
    "lesson",
    [lesson_00, lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_11],
)
def test_every_figure_of_a_lesson_is_compared_here(lesson):
    drawn = {n for n, f in vars(lesson).items() if hasattr(f, "__wrapped__")}
    assert drawn <= set(PAIRS)


def test_numbers_that_differ_by_rounding_alone_are_the_same_figure():
    stored = [{"line": [0.1, 1.0, None]}, {"words": ["x", ""]}]
    assert first_difference(stored, [{"line": [0.10001, 1.0, None]}, stored[1]]) == ""
    assert "other numbers" in first_difference(
        stored, [{"line": [0.11, 1.0, None]}, stored[1]]
    )
    assert "shows" in first_difference(stored, [stored[0], {"words": ["y", ""]}])
    assert "parts" in first_difference(stored, stored[:1])
    assert "other numbers" in first_difference(
        stored, [{"line": [0.1, 1.0, 0.0]}, stored[1]]
    )


def test_a_slider_draws_a_new_picture_and_prints_the_same_words():
    live = explore(
        lambda bits: lesson_01.weights_on_grid(W, bits, 0.3),
        bits=ipywidgets.IntSlider(value=4, min=2, max=8),
    )
    slider, image = live.children
    before = image.value
    slider.value = 2
    assert image.value != before
    slider.value = 4
    assert image.value == before
    assert repr(live) == "A slider for bits (move it where a kernel runs)"


def test_progress_shows_a_bar_and_gives_all_items(capsys):
    assert list(progress([3, 1, 2], "counting")) == [3, 1, 2]
    assert capsys.readouterr().out == (
        "Progress: counting (a bar that fills while the cell runs)\n"
    )


def test_the_slider_over_the_steps_shows_the_weights_of_that_step():
    live = lesson_04.explore_gathering({0: trained(0), 9: trained(0.03)}, "dense")
    slider, image = live.children
    assert slider.options == (0, 9) and slider.value == 9
    before = image.value
    slider.value = 0
    assert image.value != before


def test_the_bar_of_a_training_counts_its_batches(capsys):
    callback = fit_progress(3, "an epoch")
    keras = load_tensorflow().keras
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(
        np.ones((6, 2)), np.ones(6), batch_size=2, verbose=0, callbacks=[callback]
    )
    assert "Progress: an epoch" in capsys.readouterr().out
    bars = [c.cell_contents for c in callback.on_train_batch_end.__closure__]
    assert [bar.value for bar in bars] == [3]


@pytest.fixture
def strict_run(tmp_path):
    """Return a function that stores a figure in a notebook and runs it strictly."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    source = (
        "import numpy as np\n"
        "from qlib.plots import lesson_01\n"
        "lesson_01.bars({'a': 1.0, 'b': -0.5}, 'mean error (steps)')"
    )

    def run(shown):
        data, metadata = shown._repr_mimebundle_()
        data["text/plain"] = repr(PAIRS["bars"][0]())  # else the words would tell
        output = nbformat.v4.new_output(
            "execute_result", data, metadata=metadata, execution_count=1
        )
        cell = nbformat.v4.new_code_cell(source, execution_count=1, outputs=[output])
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "one.ipynb")
        command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
        command += ["-q", "-p", "no:cacheprovider", "--rootdir=.", "one.ipynb"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def test_a_strict_run_passes_while_a_figure_shows_the_same_data(strict_run):
    done = strict_run(PAIRS["bars"][0]())
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_strict_run_fails_when_a_figure_shows_other_data(strict_run):
    done = strict_run(PAIRS["bars"][1]())
    assert done.returncode == 1
    assert "other numbers than stored" in done.stdout or "stored was" in done.stdout


def test_the_figures_of_an_output_are_found():
    output = nbformat.v4.new_output("display_data", {}, metadata={"data": "[1]"})
    plain = nbformat.v4.new_output("stream", text="words")
    assert figures([plain, output]) == [[1]]
