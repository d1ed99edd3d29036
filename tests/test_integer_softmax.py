"""qlib.integer_softmax: both kinds equal to LiteRT's kernels; what is refused by name.

The table was verified on x86-64; on another processor the optimised kernels may round
otherwise, and only the reference kernels are held to the bit.
"""

import functools
import platform

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from qlib.conversion import convert_int8
from qlib.flatbuffer import read_model
from qlib.integer_softmax import SOFTMAXES, integer_softmax
from qlib.quiet import load_tensorflow
from qlib.tflite import every_tensor

KIND = {"reference": "fixed", "optimized": "table", "xnnpack": "table"}
VERIFIED = platform.machine() in ("x86_64", "AMD64")
SAME = [k for k in KIND if VERIFIED or k == "reference"]
CLASSES = [2, 3, 10, 100]
SCALES = [2.0**-25, 1e-5, 1e-3, 0.02, 0.1, 1 / 3, 1.0, 7.7, 31.9, 32.0, 500.0, 1e6]


@functools.cache
def softmax_file(classes, spread=1.0):
    """Return the file of one softmax, its scale from scores of about this size."""
    keras = load_tensorflow().keras
    start = keras.layers.Input((classes,))
    model = keras.Model(start, keras.layers.Softmax()(start))
    noise = np.random.default_rng(0).uniform(-spread, spread, (20, classes))
    return convert_int8(model, noise.astype(np.float32))


def with_scale(content, scale, beta=1.0):
    """Return the file with another scale of the scores, and another beta."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].quantization.scale = [scale]
    graph.operators[0].builtinOptions.beta = beta
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@functools.cache
def scores(classes):
    """Return rows of scores: spread, close to one another, equal, at the ends."""
    rng, shape = np.random.default_rng(classes), (1000, classes)
    spread = rng.integers(-128, 128, shape)
    close = rng.integers(-128, 128, (1000, 1)) + rng.integers(-5, 6, shape)
    ties = rng.integers(-2, 3, shape) * 40
    equal = np.repeat(np.arange(-128, 128)[:, None], classes, axis=1)
    one_hot = np.where(np.eye(classes, dtype=bool), 127, -128)
    steps = np.full((256, classes), 127)  # one score at every distance from the rest
    steps[:, 0] = np.arange(-128, 128)
    every = [spread, close, ties, equal, one_hot, -one_hot - 1, steps, -steps - 1]
    return np.clip(np.concatenate(every), -128, 127).astype(np.int8)


def theirs(content, x, kernel):
    (found,) = every_tensor(content, x, len(x), kernel).values()
    return found


def scale_of(content):
    model = read_model(content)
    return float(model.tensors[model.inputs[0]].scale)


def exact(x, scale, beta=1.0):
    """Return the softmax in float64, in units of 1/256, from -128."""
    x = x.astype(np.float64)
    powers = np.exp(scale * beta * (x - x.max(axis=1, keepdims=True)))
    return np.minimum(256 * powers / powers.sum(axis=1, keepdims=True) - 128, 127)


# --- equal to the runtime ------------------------------------------------------------


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("classes", CLASSES)
def test_no_probability_differs_at_any_scale(classes, kernel):
    x = scores(classes)
    for scale in np.float32(SCALES):
        found = theirs(with_scale(softmax_file(classes), scale), x, kernel)
        ours = integer_softmax(x, scale, kind=KIND[kernel])
        assert np.sum(found != ours) == 0, scale


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("spread", [1e-5, 0.05, 30, 4000])
def test_no_probability_differs_at_scales_of_the_converter(spread, kernel):
    content, x = softmax_file(10, spread), scores(10)
    ours = integer_softmax(x, scale_of(content), kind=KIND[kernel])
    assert np.sum(theirs(content, x, kernel) != ours) == 0


@pytest.mark.parametrize("kernel", SAME)
@given(
    scale=st.floats(2.0**-12, 2.0**8, width=32),
    beta=st.floats(2.0**-6, 2.0**6, width=32),
    x=arrays.arrays(np.int8, (20, 3)),
)
def test_no_probability_differs_whatever_scale_and_beta(kernel, scale, beta, x):
    content = with_scale(softmax_file(3), scale, beta)
    ours = integer_softmax(x, scale, beta, KIND[kernel])
    np.testing.assert_array_equal(theirs(content, x, kernel), ours)


def test_keras_cannot_set_beta():
    with pytest.raises(TypeError, match="beta"):
        load_tensorflow().keras.layers.Softmax(beta=2.0)
    assert read_model(softmax_file(3)).operators[0].options == {"beta": 1.0}


@pytest.mark.parametrize(
    ("scale", "beta"), [(2.0**-26, 1.0), (0.1, 0.0), (0.1, -1.0), (np.nan, 1.0)]
)
def test_steps_at_which_the_reference_kernel_stops_python_are_named(scale, beta):
    content = with_scale(softmax_file(3), scale, beta)
    with pytest.raises(ValueError, match="come in steps of .*stops the whole process"):
        theirs(content, scores(3), "reference")


# --- the two kinds -------------------------------------------------------------------


def test_the_two_kinds_differ_by_one_code_here_and_there():
    x = np.int8([[48, 45, 0]])  # the exact value of the first is 23.50008
    assert integer_softmax(x, 1 / 8, kind="fixed").tolist() == [[23, -24, -128]]
    assert integer_softmax(x, 1 / 8, kind="table").tolist() == [[24, -24, -128]]
    x = np.int8([[22, 20, 0]])  # and here -18.49999
    assert integer_softmax(x, 0.04, kind="fixed").tolist() == [[-19, -27, -83]]
    assert integer_softmax(x, 0.04, kind="table").tolist() == [[-18, -27, -83]]


@pytest.mark.parametrize("classes", CLASSES)
def test_the_two_kinds_differ_seldom_and_never_by_more_than_one(classes):
    x = scores(classes)
    for scale in SCALES:
        fixed, table = (integer_softmax(x, scale, kind=k) for k in SOFTMAXES)
        apart = np.abs(fixed.astype(int) - table)
        assert apart.max() <= 1
        assert np.mean(apart) < 1e-3


@pytest.mark.parametrize("kind", SOFTMAXES)
@pytest.mark.parametrize("classes", CLASSES)
def test_probabilities_are_those_of_floats_to_half_a_code(classes, kind):
    x = scores(classes)
    for scale in SCALES:
        found = integer_softmax(x, scale, kind=kind)
        assert found.dtype == np.int8
        assert np.abs(found - exact(x, np.float32(scale))).max() < 0.501


@pytest.mark.parametrize("kind", SOFTMAXES)
@pytest.mark.parametrize("beta", [1e-3, 0.5, 2.0, 40.0])
def test_beta_multiplies_the_scores(beta, kind):
    x = scores(10)
    found = integer_softmax(x, 0.05, beta, kind)
    assert np.abs(found - exact(x, np.float32(0.05), np.float32(beta))).max() < 0.501


# --- properties ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", SOFTMAXES)
@given(
    arrays.arrays(np.int8, st.tuples(st.integers(1, 5), st.integers(1, 12))),
    st.floats(2.0**-30, 2.0**30),
)
def test_a_larger_score_never_gets_a_smaller_probability(kind, x, scale):
    order = np.argsort(x, axis=1)
    found = integer_softmax(np.take_along_axis(x, order, 1), scale, kind=kind)
    assert np.all(np.diff(found.astype(int), axis=1) >= 0)


@pytest.mark.parametrize("kind", SOFTMAXES)
def test_only_the_distances_of_scores_count(kind):
    x = np.random.default_rng(0).integers(-60, 60, (200, 7)).astype(np.int8)
    for moved in (x - np.int8(60), x + np.int8(60)):
        np.testing.assert_array_equal(
            integer_softmax(moved, 0.1, kind=kind), integer_softmax(x, 0.1, kind=kind)
        )


@pytest.mark.parametrize("kind", SOFTMAXES)
def test_one_class_is_certain_and_very_many_are_all_unlikely(kind):
    assert integer_softmax(np.int8([[-7]]), 0.1, kind=kind) == 127
    for classes in (5000, 9000):  # sums that 32 bits hold no longer
        found = integer_softmax(np.zeros((1, classes), np.int8), 0.1, kind=kind)
        assert np.all(found == -128)


@pytest.mark.parametrize("kind", SOFTMAXES)
@pytest.mark.parametrize(
    ("scale", "beta"), [(1e-60, 1), (1e-30, 1e-30), (2.0**30, 2.0**30), (5, 1)]
)
def test_no_warning_leaks_at_any_scale_whatever_the_callers_settings(kind, scale, beta):
    x = np.int8([[-128, 127], [3, 3]])
    with np.errstate(all="raise"):
        found = integer_softmax(x, scale, beta, kind)
    assert found.tolist() == ([[-128, 127]] if scale >= 1 else [[0, 0]]) + [[0, 0]]


@pytest.mark.parametrize("kind", SOFTMAXES)
def test_the_scores_are_never_changed_and_may_lie_in_memory_as_they_like(kind):
    x = scores(3)[:50].copy()
    before, expected = x.copy(), integer_softmax(x, 0.1, kind=kind)
    for same in (x, np.asfortranarray(x), np.repeat(x, 2, axis=1)[:, ::2]):
        same.flags.writeable = False
        np.testing.assert_array_equal(integer_softmax(same, 0.1, kind=kind), expected)
        np.testing.assert_array_equal(same, before)


# --- bad input: each is refused in a sentence that names it --------------------------

X = np.int8([[1, 2]])

BAD = {
    "a list": (lambda: integer_softmax([[1, 2]], 0.1), TypeError, "scores are int64"),
    "uint8": (lambda: integer_softmax(X.view("u1"), 0.1), TypeError, "uint8.*int8 of"),
    "floats": (lambda: integer_softmax(X / 2, 0.1), TypeError, "scores has dtype flo"),
    "booleans": (lambda: integer_softmax(X > 1, 0.1), TypeError, "scores has dtype bo"),
    "None": (lambda: integer_softmax(None, 0.1), TypeError, "scores is None"),
    "a string": (lambda: integer_softmax("x", 0.1), TypeError, "scores is 'x'"),
    "objects": (lambda: integer_softmax(X.astype(object), 1), TypeError, "object"),
    "masked": (lambda: integer_softmax(np.ma.array(X), 0.1), TypeError, "masked"),
    "one row": (lambda: integer_softmax(X[0], 0.1), ValueError, r"shape \(2,\): int8"),
    "three axes": (lambda: integer_softmax(X[None], 0.1), ValueError, r"\(1, 1, 2\)"),
    "no rows": (lambda: integer_softmax(X[:0], 0.1), ValueError, "scores is empty"),
    "no classes": (lambda: integer_softmax(X[:, :0], 0.1), ValueError, "is empty"),
    "scale 0": (lambda: integer_softmax(X, 0.0), ValueError, "scale is 0.0: above 0"),
    "scale below 0": (lambda: integer_softmax(X, -1.0), ValueError, "scale is -1"),
    "scale NaN": (lambda: integer_softmax(X, np.nan), ValueError, "scale is nan"),
    "scale infinite": (lambda: integer_softmax(X, np.inf), ValueError, "scale is inf"),
    "scale a string": (lambda: integer_softmax(X, "1"), TypeError, "scale is '1'"),
    "scale None": (lambda: integer_softmax(X, None), TypeError, "scale is None"),
    "scale True": (lambda: integer_softmax(X, True), TypeError, "scale is True"),
    "two scales": (lambda: integer_softmax(X, [1.0, 2]), TypeError, "one number"),
    "beta 0": (lambda: integer_softmax(X, 0.1, 0), ValueError, "beta is 0"),
    "beta NaN": (lambda: integer_softmax(X, 0.1, np.nan), ValueError, "beta is nan"),
    "beta a list": (lambda: integer_softmax(X, 0.1, [1]), TypeError, "beta is"),
    "kind unknown": (
        lambda: integer_softmax(X, 0.1, kind="float"),
        ValueError,
        "kind is 'float': allowed are 'fixed' and 'table'",
    ),
    "kind None": (lambda: integer_softmax(X, 0.1, kind=None), ValueError, "kind is No"),
    "kind a list": (lambda: integer_softmax(X, 1, kind=["fixed"]), ValueError, "kind"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    call, error, message = BAD[kind]
    with pytest.raises(error, match=message):
        call()
