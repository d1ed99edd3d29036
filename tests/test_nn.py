"""The network in NumPy: against TensorFlow, against plain loops, and on bad input."""

import os
import subprocess
import sys

import numpy as np
import pytest

from qlib import nn
from qlib.data import WEIGHT_SHAPES, load_float_model, load_mnist
from qlib.training import build_model
from tests.notebooks import ROOT


@pytest.fixture(scope="module")
def weights():
    return load_float_model()


@pytest.fixture(scope="module")
def test_digits():
    return load_mnist()[1]


@pytest.fixture(scope="module")
def images(test_digits):
    return test_digits[0][:300]


@pytest.fixture(scope="module")
def tensors(weights, images):
    return nn.activations(weights, images)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def loop_conv2d(x, kernel, bias):
    n, height, width, _ = x.shape
    rows, columns, _, filters = kernel.shape
    y = np.zeros((n, height - rows + 1, width - columns + 1, filters))
    for i, r, c, f in np.ndindex(y.shape):
        window = x[i, r : r + rows, c : c + columns].astype(np.float64)
        y[i, r, c, f] = (window * kernel[..., f]).sum() + bias[f]
    return y


def loop_max_pool(x):
    n, height, width, channels = x.shape
    y = np.zeros((n, height // 2, width // 2, channels))
    for i, r, c, f in np.ndindex(y.shape):
        y[i, r, c, f] = max(
            x[i, 2 * r + a, 2 * c + b, f] for a in (0, 1) for b in (0, 1)
        )
    return y


@pytest.mark.parametrize("size", [(3, 3), (1, 1), (2, 3)])
def test_conv2d_equals_a_plain_loop(rng, size):
    x = rng.normal(size=(2, 6, 5, 3)).astype(np.float32)
    kernel = rng.normal(size=(*size, 3, 4)).astype(np.float32)
    bias = rng.normal(size=4).astype(np.float32)
    y = nn.conv2d(x, kernel, bias)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, loop_conv2d(x, kernel, bias), atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 6, 4, 3), (1, 5, 7, 2)])
def test_max_pool_equals_a_plain_loop_and_drops_an_odd_edge(rng, shape):
    x = rng.normal(size=shape).astype(np.float32)
    assert (nn.max_pool(x) == loop_max_pool(x)).all()


def test_dense_is_one_weighted_sum_for_each_output(rng):
    x, kernel, bias = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), np.arange(4.0)
    by_hand = [[x[i] @ kernel[:, j] + bias[j] for j in range(4)] for i in range(2)]
    np.testing.assert_allclose(nn.dense(x, kernel, bias), by_hand)


def test_softmax_sums_to_one_and_neither_overflows_nor_changes_the_order(rng):
    logits = rng.normal(scale=500, size=(50, 10)).astype(np.float32)
    p = nn.softmax(logits)
    assert p.dtype == np.float32 and np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    assert (p.argmax(axis=1) == logits.argmax(axis=1)).all()


def test_the_fast_block_equals_convolution_then_relu_then_pooling(weights, tensors):
    kernel, bias = weights["conv/kernel"], weights["conv/bias"]
    plain = nn.max_pool(nn.relu(nn.conv2d(tensors["input"], kernel, bias)))
    np.testing.assert_allclose(tensors["conv"], plain, rtol=0, atol=1e-6)


def test_logits_equal_those_of_tensorflow_on_all_test_digits(weights, test_digits):
    model = build_model(weights)
    model.layers[-1].activation = None  # the scores before the softmax
    x = test_digits[0][..., np.newaxis].astype(np.float32) / 255
    logits = nn.forward(weights, test_digits[0])
    expected = model.predict(x, batch_size=500, verbose=0)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-4)
    assert (logits.argmax(axis=1) == expected.argmax(axis=1)).all()


def test_probabilities_equal_those_of_tensorflow(weights, images, tensors):
    model = build_model(weights)
    x = images[..., np.newaxis].astype(np.float32) / 255
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(nn.softmax(tensors["logits"]), expected, atol=1e-5)


def test_the_float_model_reads_at_least_9920_of_10000_test_digits(weights, test_digits):
    assert nn.accuracy(weights, *test_digits) >= 0.9920


def test_tensors_have_the_names_shapes_and_type_that_are_promised(tensors):
    shapes = {name: x.shape[1:] for name, x in tensors.items()}
    assert shapes == {
        "input": (28, 28, 1),
        "conv": (13, 13, 32),
        "dense": (64,),
        "logits": (10,),
    }
    assert {x.dtype for x in tensors.values()} == {np.dtype("float32")}
    assert tensors["input"].max() == 1 and tensors["conv"].min() == 0


@pytest.mark.parametrize("size", [1, 7, 124, 126])
def test_an_image_scores_the_same_in_any_batch(weights, images, tensors, size):
    logits = nn.forward(weights, images[:size])
    np.testing.assert_allclose(logits, tensors["logits"][:size], rtol=0, atol=1e-4)


def test_threads_give_the_bits_that_one_after_the_other_gives(weights, test_digits):
    images = test_digits[0][:1001]
    alone = nn.forward(weights, images, transform={"input": lambda x: x})
    np.testing.assert_array_equal(nn.forward(weights, images), alone)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_does_not_wait_for_threads_that_it_has_not():
    code = """
import os
from qlib import nn
from qlib.data import load_float_model, load_mnist
weights, images = load_float_model(), load_mnist()[1][0][:300]
digits = nn.predict(weights, images)
child = os.fork()
if not child:
    os._exit(int((nn.predict(weights, images) != digits).any()))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.returncode) == ("0\n", 0), done.stderr


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_grey_levels_and_real_images_give_the_same_scores(
    weights, images, tensors, dtype
):
    real = (images / 255).astype(dtype)
    tolerance = 0.1 if dtype == np.float16 else 1e-4
    for x in (real, real[..., np.newaxis]):
        logits = nn.forward(weights, x)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, tensors["logits"], rtol=0, atol=tolerance)


@pytest.mark.parametrize(("start", "given"), [("dense", "conv"), ("logits", "dense")])
def test_starting_at_a_later_layer_gives_the_scores_of_a_full_run(
    weights, tensors, start, given
):
    logits = nn.forward(weights, tensors[given], start=start)
    assert (logits == tensors["logits"]).all()


def test_each_tensor_goes_through_its_own_function(weights, images, tensors):
    seen = {}

    def note(name):
        def function(x):
            seen[name] = x.shape[1:]
            return x * 2

        return function

    transform = {name: note(name) for name in tensors}
    changed = nn.activations(weights, images, transform=transform)
    assert seen == {name: x.shape[1:] for name, x in tensors.items()}
    assert (changed["input"] == 2 * tensors["input"]).all()
    logits = nn.forward(weights, images, transform=transform)
    assert (logits == changed["logits"]).all()
    assert not np.allclose(changed["logits"], tensors["logits"])


@pytest.mark.parametrize(("start", "given"), [("dense", "conv"), ("logits", "dense")])
def test_a_later_start_applies_only_the_functions_that_are_still_ahead(
    weights, images, start, given
):
    transform = {name: lambda x: x + 0.5 for name in ("input", *nn.LAYERS)}
    full = nn.activations(weights, images, transform=transform)
    logits = nn.forward(weights, full[given], start=start, transform=transform)
    assert (logits == full["logits"]).all()


def test_a_function_that_works_in_place_leaves_the_images_alone(weights, images):
    real = (images / 255).astype(np.float32)
    before = real.copy()
    nn.forward(weights, real, transform={"input": lambda x: np.negative(x, out=x)})
    assert (real == before).all()


def test_float64_weights_and_results_of_functions_become_float32(weights, images):
    wide = {name: w.astype(np.float64) for name, w in weights.items()}
    transform = {"dense": lambda x: x.astype(np.float64)}
    assert nn.forward(wide, images, transform=transform).dtype == np.float32


def test_predict_and_accuracy_follow_the_highest_score(weights, images, tensors):
    digits = tensors["logits"].argmax(axis=1)
    assert (nn.predict(weights, images) == digits).all()
    assert nn.accuracy(weights, images, digits) == 1.0
    assert nn.accuracy(weights, tensors["dense"], digits, start="logits") == 1.0
    assert nn.accuracy(weights, images, (digits + 1) % 10) == 0.0


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros((28, 28), np.uint8), ValueError, r"shape \(28, 28\).*28, 28, 1"),
        (np.zeros((2, 28, 28, 3), np.uint8), ValueError, r"shape \(2, 28, 28, 3\)"),
        (np.zeros((2, 784), np.float32), ValueError, r"shape \(2, 784\)"),
        (np.zeros((0, 28, 28), np.uint8), ValueError, "empty"),
        (np.zeros((2, 28, 28), np.int64), TypeError, "int64.*uint8"),
        (np.zeros((2, 28, 28), bool), TypeError, "bool.*uint8"),
        (np.zeros((2, 28, 28), complex), TypeError, "complex"),
        (np.full((2, 28, 28), np.nan), ValueError, "NaN"),
        (np.full((2, 28, 28), np.inf, np.float32), ValueError, "infinite"),
        (np.full((2, 28, 28), 1e300), ValueError, "infinite"),
        (None, TypeError, "images is None"),
    ],
)
def test_images_that_do_not_fit_are_refused(weights, given, error, message):
    with pytest.raises(error, match=message):
        nn.forward(weights, given)


def test_one_nan_in_the_last_of_many_images_is_found(weights):
    x = np.zeros((300, 28, 28), np.float32)
    x[299, 3, 4] = np.nan
    with pytest.raises(ValueError, match="299"):
        nn.predict(weights, x)


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("dense/bias", np.zeros(63, np.float32), ValueError, r"\(63,\).*\(64,\)"),
        ("conv/bias", np.zeros(32, np.int8), TypeError, "'conv/bias'.*int8"),
        ("logits/bias", np.full(10, np.nan), ValueError, "'logits/bias'.*NaN"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    weights, images, name, value, error, message
):
    with pytest.raises(error, match=message):
        nn.forward({**weights, name: value}, images)


@pytest.mark.parametrize("name", WEIGHT_SHAPES)
def test_a_missing_weight_is_named(weights, images, name):
    rest = {n: w for n, w in weights.items() if n != name}
    with pytest.raises(ValueError, match=f"no array '{name}'"):
        nn.activations(rest, images)


def test_weights_that_are_no_dictionary_are_refused(weights, images):
    with pytest.raises(TypeError, match="list.*load_float_model"):
        nn.forward(list(weights.values()), images)


def test_an_unknown_start_is_answered_with_those_there_are(weights, images):
    with pytest.raises(ValueError, match="'conv2'.*conv, dense, logits"):
        nn.forward(weights, images, start="conv2")


def test_codes_in_place_of_a_tensor_are_refused_at_a_later_start(weights):
    with pytest.raises(TypeError, match="int8"):
        nn.forward(weights, np.zeros((2, 64), np.int8), start="logits")


def test_a_tensor_of_another_layer_is_refused(weights, tensors):
    with pytest.raises(ValueError, match=r"start='logits', \(n, 64\)"):
        nn.forward(weights, tensors["conv"], start="logits")


@pytest.mark.parametrize(
    ("transform", "error", "message"),
    [
        ({"softmax": np.abs}, ValueError, "'softmax'.*input, conv, dense, logits"),
        ({"conv": 3}, TypeError, "int"),
        (np.abs, TypeError, "dictionary"),
        ({"dense": lambda x: x[:, :5]}, ValueError, "keep the shape"),
    ],
)
def test_functions_that_do_not_fit_are_refused(
    weights, images, transform, error, message
):
    with pytest.raises(error, match=message):
        nn.forward(weights, images, transform=transform)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (np.zeros(299, int), ValueError, r"\(299,\).*\(300,\)"),
        (np.zeros((300, 10), int), ValueError, r"\(300, 10\)"),
        (np.zeros(300), TypeError, "float64"),
    ],
)
def test_labels_that_do_not_fit_are_refused(weights, images, labels, error, message):
    with pytest.raises(error, match=message):
        nn.accuracy(weights, images, labels)


def test_primitives_name_the_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"x has shape \(1, 4, 4, 2\)"):
        nn.conv2d(np.zeros((1, 4, 4, 2)), np.zeros((3, 3, 1, 8)), np.zeros(8))
    with pytest.raises(ValueError, match="3 inputs.*kernel 4"):
        nn.dense(np.zeros((1, 3)), np.zeros((4, 2)), np.zeros(2))


@pytest.mark.parametrize("labels", [[255] * 3, [-1, 0, 1]])
def test_labels_outside_0_to_9_are_refused(weights, images, labels):
    with pytest.raises(ValueError, match="0 to 9 are allowed"):
        nn.accuracy(weights, images[:3], np.array(labels))


def test_images_too_large_for_float32_sums_are_refused_and_leave_no_nan(weights):
    huge = np.full((1, 28, 28), 3e38, np.float32)
    with pytest.raises(ValueError, match="too large"):
        nn.forward(weights, huge)


def test_softmax_of_extreme_scores_is_finite():
    np.testing.assert_array_equal(nn.softmax(np.array([[1e300, 0.0]])), [[1, 0]])
    np.testing.assert_array_equal(nn.softmax(np.float32([[3e38, -3e38]])), [[1, 0]])


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.dense(np.int8([[100]]), np.int8([[100]]), np.int8([0])),
        lambda: nn.conv2d(
            np.zeros((1, 4, 4, 1), np.uint8), np.zeros((3, 3, 1, 1)), [0.0]
        ),
        lambda: nn.max_pool(None),
        lambda: nn.softmax(["a"]),
    ],
)
def test_layers_refuse_what_is_not_real(call):
    with pytest.raises(TypeError):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: nn.dense(np.zeros((1, 3)), np.zeros((3, 4)), np.zeros(1)),
        lambda: nn.conv2d(np.zeros((1, 4, 4, 1)), np.zeros((3, 3, 1, 4)), np.zeros(1)),
        lambda: nn.max_pool(np.zeros((4, 4))),
        lambda: nn.softmax(np.float32(1)),
    ],
)
def test_layers_refuse_shapes_that_would_broadcast(call):
    with pytest.raises(ValueError, match="needed"):
        call()
