"""A function taught in a cell and the one in qlib give the same results.

Each function is taken out of its notebook by its name, run on generated input, and held
against the library's. TAUGHT says how; a function that has a namesake in qlib and is
missing there fails a test, so that none is forgotten.
"""

import ast
import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import qlib
from qlib import errors, fitting, fixed_point, huffman, linear, noise, ste, thresholds
from qlib.params import QuantParams
from qlib.quiet import load_tensorflow
from tests.notebooks import LESSONS, functions, name

BY_NAME = {path.stem: path for path in LESSONS}


def taught(lesson: str, *wanted: str) -> dict:
    """Return the functions of these names from a lesson's cells, by themselves."""
    source = functions(BY_NAME[lesson])
    room = {"np": np, "QuantParams": QuantParams, "linear": linear}
    if "tf." in " ".join(ast.unparse(source[function]) for function in wanted):
        room["tf"] = load_tensorflow()
    for function in wanted:
        exec(compile(ast.unparse(source[function]), lesson, "exec"), room)
    return room


finite = st.floats(-(2.0**60), 2.0**60, width=32)
tensors = arrays.arrays(
    np.float32, arrays.array_shapes(max_dims=3, max_side=5), elements=finite
)


@st.composite
def grids(draw):
    low, high = sorted(draw(st.tuples(finite, finite).filter(any)))
    bits, signed = draw(st.integers(2, 16)), draw(st.booleans())
    return linear.choose_params(low, high, bits, signed=signed)


LESSON_01 = taught(
    "01_linear_quantization",
    "choose_params",
    "quantize",
    "dequantize",
    "fake_quantize",
)


@given(finite, finite, st.integers(2, 16), st.booleans())
def test_choose_params_of_lesson_01(a, b, bits, signed):
    low, high = min(a, b), max(a, b)
    if max(abs(low), abs(high)) < 1e-30:
        return  # the cell leaves constants and steps below float32 to the library
    ours = LESSON_01["choose_params"](low, high, bits, signed)
    assert ours == linear.choose_params(low, high, bits, signed=signed)


@given(tensors, grids())
def test_quantize_of_lesson_01(x, params):
    with np.errstate(over="ignore"):
        codes = LESSON_01["quantize"](x, params)
    np.testing.assert_array_equal(codes, linear.quantize(x, params))
    assert codes.dtype == params.dtype


@given(tensors, grids())
def test_dequantize_of_lesson_01(x, params):
    codes = linear.quantize(x, params)
    x_hat = LESSON_01["dequantize"](codes, params)
    np.testing.assert_array_equal(x_hat, linear.dequantize(codes, params))
    assert x_hat.dtype == np.float32


@given(tensors, grids())
def test_fake_quantize_of_lesson_01(x, params):
    with np.errstate(over="ignore"):
        x_hat = LESSON_01["fake_quantize"](x, params)
    np.testing.assert_array_equal(x_hat, linear.fake_quantize(x, params))


LESSON_02 = taught(
    "02_error_analysis",
    "mse",
    "mae",
    "max_error",
    "sqnr_db",
    "cosine_similarity",
    "error_parts",
    "layer_noise",
    "alternate",
    "scale_gradient",
    "descend",
)

moderate = st.floats(-(2.0**20), 2.0**20).filter(lambda v: v == 0 or abs(v) > 1e-6)
pairs_of_tensors = st.tuples(
    arrays.arrays(np.float64, (4, 5), elements=moderate),
    arrays.arrays(np.float64, (4, 5), elements=moderate),
).filter(lambda pair: pair[0].any() and pair[1].any() and (pair[0] != pair[1]).any())


def agree_on_measure(name, x, x_hat):
    ours, theirs = LESSON_02[name](x, x_hat), getattr(errors, name)(x, x_hat)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@given(pairs_of_tensors)
def test_mse_of_lesson_02(pair):
    agree_on_measure("mse", *pair)


@given(pairs_of_tensors)
def test_mae_of_lesson_02(pair):
    agree_on_measure("mae", *pair)


@given(pairs_of_tensors)
def test_max_error_of_lesson_02(pair):
    agree_on_measure("max_error", *pair)


@given(pairs_of_tensors)
def test_sqnr_db_of_lesson_02(pair):
    agree_on_measure("sqnr_db", *pair)


@given(pairs_of_tensors)
def test_cosine_similarity_of_lesson_02(pair):
    agree_on_measure("cosine_similarity", *pair)


@given(arrays.arrays(np.float64, 20, elements=st.floats(-9, 9)), grids())
def test_error_parts_of_lesson_02(x, params):
    scale = float(params.scale)
    ours, theirs = LESSON_02["error_parts"](x, params), errors.error_parts(x, params)
    # The ends of the grid are right to float32, in the one and in the other: so are
    # errors, of which the parts are mean squares.
    noise = 1e-5 * scale + 2e-7 * scale * (params.qmax - params.qmin)
    np.testing.assert_allclose(np.sqrt(ours), np.sqrt(theirs), rtol=1e-5, atol=noise)


@given(pairs_of_tensors, st.floats(0, 1))
def test_layer_noise_of_lesson_02(pair, v_w):
    x, w = pair[0], pair[1].T
    arguments = x, w, np.abs(x), np.float64(v_w)
    ours = LESSON_02["layer_noise"](*arguments)
    np.testing.assert_allclose(ours, noise.layer_noise(*arguments))


weights = arrays.arrays(np.float64, 30, elements=st.floats(-4, 4)).filter(
    lambda x: np.abs(x).max() > 0.5
)


@given(weights, st.integers(2, 8), st.floats(0.2, 0.9))
def test_alternate_of_lesson_02(x, bits, part):
    start = part * np.abs(x).max()
    ours, theirs = (
        f(x, bits, start) for f in (LESSON_02["alternate"], fitting.alternate)
    )
    # A sum in another order may end a rounding error apart, one step later.
    np.testing.assert_allclose(ours[-1], theirs[-1], rtol=1e-9)
    np.testing.assert_allclose(ours[:3], theirs[:3], rtol=1e-9)


@given(weights, st.floats(0.2, 0.9), st.integers(2, 8))
def test_scale_gradient_of_lesson_02(x, part, bits):
    scale = part * np.abs(x).max()
    ours = LESSON_02["scale_gradient"](x, scale, bits)
    theirs = fitting.scale_gradient(x, scale, bits)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@given(weights, st.integers(2, 4), st.sampled_from([None, 8]))
def test_descend_of_lesson_02(x, bits, batch):
    x = np.where(np.abs(x) < 0.5, 0.5, x)  # no batch of zeros alone
    options = {"rate": 0.01, "steps": 5, "batch": batch}
    ours = LESSON_02["descend"](x, bits, 0.5, **options)
    np.testing.assert_allclose(ours, fitting.descend(x, bits, 0.5, **options))


LESSON_03 = taught(
    "03_histogram_and_kmeans",
    "clipped",
    "groups",
    "spread",
    "divergence",
    "kl_divergences",
    "entropy_bits",
    "huffman_lengths",
)
counts = arrays.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 9))


@given(counts.filter(np.any), st.data())
def test_kl_divergences_of_lesson_03(counts, data):
    levels = data.draw(st.integers(1, len(counts)))
    ours = LESSON_03["kl_divergences"](counts, levels)
    theirs = thresholds.kl_divergences(counts, levels)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@given(counts.filter(np.any))
def test_entropy_bits_of_lesson_03(counts):
    ours = LESSON_03["entropy_bits"](counts)
    np.testing.assert_allclose(ours, huffman.entropy_bits(counts), atol=1e-12)


@given(counts.filter(lambda n: np.count_nonzero(n) > 1))
def test_huffman_lengths_of_lesson_03(counts):
    some = counts[counts > 0]  # the cell has no symbols that never occur
    ours = LESSON_03["huffman_lengths"](some)
    theirs = huffman.huffman_lengths(counts)[counts > 0]
    assert some @ ours == some @ theirs  # of ties, either may be joined first


LESSON_04 = taught(
    "04_quantization_aware_training",
    "round_ste",
    "fake_quantize_ste",
    "scaled_gradient",
)
rows = arrays.arrays(np.float32, 12, elements=st.floats(-100, 100, width=32))


def value_and_slopes(function, *inputs):
    """Return function(inputs), and the slopes of its sum by each input."""
    tf = load_tensorflow()
    inputs = [tf.Variable(np.float32(v)) for v in inputs]
    with tf.GradientTape() as tape:
        value = function(*inputs)
        total = tf.reduce_sum(value)
    return [value.numpy(), *(slope.numpy() for slope in tape.gradient(total, inputs))]


def agree_on_slopes(name, function, *inputs, rtol=0.0, atol=0.0):
    """Hold the taught function of this name against the library's."""
    ours, theirs = (
        value_and_slopes(lambda *v, f=f: function(f, *v), *inputs)
        for f in (LESSON_04[name], getattr(ste, name))
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@given(rows)
def test_round_ste_of_lesson_04(x):
    agree_on_slopes("round_ste", lambda f, x: f(x), x)


@given(rows, st.floats(0.015625, 10, width=32), st.integers(-8, -1), st.integers(1, 8))
def test_fake_quantize_ste_of_lesson_04(x, scale, qmin, qmax):
    agree_on_slopes("fake_quantize_ste", lambda f, x, s: f(x, s, qmin, qmax), x, scale)


@given(rows, st.floats(0.0009765625, 1, width=32))
def test_scaled_gradient_of_lesson_04(x, factor):
    # The cell's sum of two parts rounds twice, the library's value is exact.
    scaled = "scaled_gradient", lambda f, x: f(x, factor), x
    agree_on_slopes(*scaled, rtol=1e-6, atol=1e-30)


def public_functions_of_qlib() -> set[str]:
    """Return the names of all functions that qlib's NumPy modules define."""
    found = set()
    for module in pkgutil.iter_modules(qlib.__path__):
        if module.ispkg or module.name.startswith("_") or module.name == "training":
            continue
        members = vars(importlib.import_module(f"qlib.{module.name}"))
        found |= {n for n, f in members.items() if callable(f) and n[0] != "_"}
    return found


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_every_function_that_has_a_namesake_in_qlib_is_compared_here(path):
    shared = set(functions(path)) & public_functions_of_qlib()
    tested = {n.split("_of_")[0].removeprefix("test_") for n in globals()}
    assert shared <= tested


LESSON_05 = taught("05_tflite_int8_deployment", "high_mul")
int32 = st.integers(-(2**31), 2**31 - 1)


@given(int32, st.integers(0, 2**31 - 1))
def test_high_mul_of_lesson_05(a, mantissa):
    ours = LESSON_05["high_mul"](a, mantissa)
    assert ours == fixed_point.high_mul(np.int64(a), mantissa)
