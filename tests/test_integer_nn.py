"""qlib.integer_nn: every tensor of every kernel, bit for bit; what it refuses by name.

The rules were verified on x86-64; on another processor the optimised kernels and
XNNPACK may round otherwise, and only the reference kernels are held to the bit.
"""

import dataclasses
import functools
import platform

import numpy as np
import pytest

from qlib import conversion, tflite
from qlib.data import DATA, load_float_model, load_mnist
from qlib.flatbuffer import read_model
from qlib.four_bits import four_bit_model
from qlib.integer_nn import KERNELS, IntegerNetwork, Kernel
from qlib.linear import quantize
from qlib.rescale import ROUNDINGS
from qlib.training import build_model
from tests import networks

FILE = DATA / "mnist_qat_int8.tflite"
(IMAGES, _), (X_TEST, Y_TEST) = load_mnist()
VERIFIED = platform.machine() in ("x86_64", "AMD64")
SAME = [k for k in tflite.KERNELS if VERIFIED or k == "reference"]

CLASSIFIERS = (
    networks.depthwise_chain,
    networks.wide_dense,
    networks.lenet,
    networks.pooled_padding,
)

converted = functools.cache(networks.converted)


@functools.cache
def digits():
    params = IntegerNetwork.from_tflite(FILE).input.params
    return quantize(X_TEST[..., None] / np.float32(255), params)


@functools.cache
def mnist_file(kind):
    model = build_model(load_float_model())
    if kind == "int4":
        return conversion.convert_quantized(four_bit_model(model, IMAGES[:500]))
    return conversion.convert_int8(model, IMAGES[:100])


def inputs(network, content):
    """Return the codes that a network is tried on, a thousand images of each kind."""
    return {
        "random": networks.even_codes(network, 1000),
        "near one another": networks.near_codes(network, 1000),
        "digits": networks.digit_codes(network, content, 1000),
    }


def mismatches(content, x, kernel, ours_as=None, batch=100):
    theirs = tflite.every_tensor(content, x, batch, kernel)
    ours = IntegerNetwork.from_tflite(content).run(x, ours_as or kernel)
    return {name: int(np.sum(theirs[name] != ours[name])) for name in ours}


# --- equal to the runtime ------------------------------------------------------------


@pytest.mark.parametrize("kernel", SAME)
def test_no_value_differs_over_all_test_digits(kernel):
    x = digits()
    for start in range(0, 10_000, 2_500):  # a quarter of the tensors at a time
        found = mismatches(FILE, x[start : start + 2_500], kernel)
        assert len(found) == 6 and not any(found.values()), found


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("kind", ["int4", "int8"])
def test_no_value_differs_in_files_that_were_not_trained(kind, kernel):
    found = mismatches(mnist_file(kind), digits()[:1000], kernel)
    assert len(found) == 6 and not any(found.values()), found


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("seen", ["noise", "digits"])
@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda n: n.__name__)
def test_no_value_differs_in_networks_of_other_shapes(network, seen, kernel):
    content = converted(network, seen=seen)
    for name, x in inputs(network, content).items():
        found = mismatches(content, x, kernel)
        assert len(found) == len(read_model(content).layers)
        assert not any(found.values()), (name, found)


def test_digits_are_made_to_fit_by_averaging_pixels():
    whole = X_TEST[:70] / np.float32(255)
    np.testing.assert_array_equal(networks.digits(networks.lenet, 70)[..., 0], whole)
    small = networks.digits(networks.many_taps, 20)  # (20, 7, 7, 50)
    squares = whole.reshape(70, 7, 4, 7, 4).mean(axis=(2, 4))
    for k in range(50):
        np.testing.assert_allclose(small[..., k], squares[k : k + 20], rtol=1e-5)
    profile = networks.digits(networks.dense_alone, 70).mean(axis=1)
    np.testing.assert_allclose(profile, whole.mean(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda n: n.__name__)
def test_the_inputs_of_the_networks_differ_and_so_do_their_outputs(network):
    content = converted(network, seen="digits")
    engine = IntegerNetwork.from_tflite(content)
    for name, x in inputs(network, content).items():
        assert len(x) == 1000 == len(np.unique(x.reshape(1000, -1), axis=0)), name
        for codes in engine.run(x).values():
            assert len(np.unique(codes)) > 15, name


@pytest.mark.parametrize("network", networks.NETWORKS, ids=lambda n: n.__name__)
def test_the_output_alone_is_the_last_of_all_tensors(network):
    engine = IntegerNetwork.from_tflite(converted(network))
    x = networks.codes(network, 300)
    for kernel in KERNELS:
        every, last = engine.run(x, kernel), engine.run(x, kernel, keep="output")
        (name,) = last
        assert name == list(every)[-1]
        np.testing.assert_array_equal(last[name], every[name])


@pytest.mark.parametrize("n", [1, 7, 301])
def test_an_image_gets_the_same_codes_in_any_batch(n):
    engine, x = IntegerNetwork.from_tflite(FILE), digits()
    whole = engine.run(x[:301])
    for name, codes in engine.run(x[301 - n : 301]).items():
        np.testing.assert_array_equal(codes, whole[name][301 - n :])


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("factor", [2**-2, 2**-4, 2**-7, 1.5 * 2**-8, 1.1 * 2**-6])
def test_no_value_differs_where_many_sums_are_ties(factor, kernel):
    content = networks.with_ties(converted(networks.all_weighted), factor)
    found = mismatches(content, networks.codes(networks.all_weighted, 1000), kernel)
    assert len(found) == 4 and not any(found.values()), found


@pytest.mark.skipif(not VERIFIED, reason="the optimised kernels are another's here")
@pytest.mark.parametrize("layer", ["conv", "depthwise", "dense"])
@pytest.mark.parametrize("kernel", tflite.KERNELS)
def test_every_other_rounding_differs_somewhere(kernel, layer):
    content = networks.with_ties(converted(networks.all_weighted), 2**-4)
    x = networks.codes(networks.all_weighted, 1000)
    right = getattr(KERNELS[kernel], layer)
    for rounding in {*ROUNDINGS} - {right}:
        wrong = dataclasses.replace(KERNELS[kernel], **{layer: rounding})
        assert any(mismatches(content, x, kernel, wrong).values()), rounding


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("network", CLASSIFIERS, ids=lambda n: n.__name__)
def test_no_probability_differs_where_scores_are_close(network, kernel):
    content = networks.with_close_scores(converted(network, seen="digits"), 2**-8)
    for name, x in inputs(network, content).items():
        assert not any(mismatches(content, x, kernel).values()), name


@pytest.mark.parametrize("kernel", SAME)
@pytest.mark.parametrize("step", [2**-18, 2**-16])
@pytest.mark.parametrize("network", networks.MANY_CLASSES, ids=lambda n: n.__name__)
def test_the_right_softmax_never_differs_where_the_other_does(network, step, kernel):
    other = {"fixed": "table", "table": "fixed"}[KERNELS[kernel].softmax]
    wrong = dataclasses.replace(KERNELS[kernel], softmax=other)
    content = networks.with_close_scores(converted(network, seen="digits"), step)
    for name, x in inputs(network, content).items():
        assert not any(mismatches(content, x, kernel).values()), name
        *before, apart = mismatches(content, x, kernel, wrong).values()
        assert not any(before) and apart > 20, (name, apart)


def test_the_predictions_are_those_of_the_file():
    engine = IntegerNetwork.from_tflite(FILE)
    (scores,) = engine.run(digits()[:500], "xnnpack", keep="output").values()
    found = tflite.predict(FILE, X_TEST[:500])
    np.testing.assert_array_equal(scores.argmax(axis=1), found)


# --- input ---------------------------------------------------------------------------


def test_the_input_is_never_changed_and_may_lie_in_memory_as_it_likes():
    engine, x = IntegerNetwork.from_tflite(FILE), digits()[:6]
    before = x.copy()
    for given in (x, np.asfortranarray(x), x[::-1][::-1], x.tolist()):
        given = given if isinstance(given, np.ndarray) else np.array(given, np.int8)
        given.flags.writeable = False
        found = engine.run(given)
        np.testing.assert_array_equal(given, before)
        for name, codes in engine.run(before.copy()).items():
            np.testing.assert_array_equal(found[name], codes)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.zeros((2, 28, 28, 1), np.uint8), TypeError, "dtype uint8: int8 codes"),
        (np.zeros((2, 28, 28, 1), np.float32), TypeError, "quantize"),
        (np.zeros((2, 28, 28), np.int8), ValueError, r"\(n, 28, 28, 1\) is needed"),
        (np.zeros((28, 28, 1), np.int8), ValueError, "is needed"),
        (np.zeros((0, 28, 28, 1), np.int8), ValueError, "n at least 1"),
        (None, TypeError, "x"),
        ("x", TypeError, "x is 'x'"),
    ],
)
def test_a_bad_input_is_named(x, error, message):
    with pytest.raises(error, match=message):
        IntegerNetwork.from_tflite(FILE).run(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "ruy"}, "kernel is 'ruy': allowed are 'reference', 'optimized'"),
        ({"kernel": None}, "kernel is None"),
        ({"kernel": ["reference"]}, "kernel is "),
        ({"keep": "last"}, "keep is 'last': allowed are 'all' and 'output'"),
        ({"keep": ["all"]}, "keep is "),
    ],
)
def test_a_bad_option_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        IntegerNetwork.from_tflite(FILE).run(digits()[:1], **options)


def test_a_kernel_of_ones_own_takes_known_roundings_only():
    with pytest.raises(ValueError, match="conv is 'up': allowed are 'double-away'"):
        Kernel("up", "float", "float", "table")
    with pytest.raises(ValueError, match="softmax is 'float': allowed are 'fixed'"):
        Kernel("single", "float", "float", "float")


# --- files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convert", "message"),
    [
        (conversion.convert_float, "is float32, and int8 with one scale is needed"),
        (conversion.convert_dynamic_range, "is float32, and int8"),
        (conversion.convert_float16, "an operator DEQUANTIZE: known here are CONV_2D"),
    ],
)
def test_a_float_file_is_named(convert, message):
    content = convert(build_model(load_float_model()))
    with pytest.raises(ValueError, match=message):
        IntegerNetwork.from_tflite(content)


def test_a_file_with_int16_activations_is_named():
    content = conversion.convert_16x8(build_model(load_float_model()), IMAGES[:50])
    with pytest.raises(ValueError, match="is int16, and int8 with one scale"):
        IntegerNetwork.from_tflite(content)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda layers: layers.Add(), "no chain|operator ADD"),
        (lambda layers: layers.Concatenate(), "operator CONCATENATION"),
    ],
)
def test_a_model_that_branches_is_named(layer, message):
    tf = networks.load_tensorflow()
    layers = tf.keras.layers
    start = layers.Input((6, 6, 2))
    branch = layers.Conv2D(2, 3, padding="same")(start)
    model = tf.keras.Model(start, layer(layers)([start, branch]))
    noise = np.random.default_rng(0).normal(0, 1, (20, 6, 6, 2)).astype(np.float32)
    content = conversion.convert_int8(model, noise)
    with pytest.raises(ValueError, match=message):
        IntegerNetwork.from_tflite(content)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "elu"])
def test_an_activation_that_is_an_operator_of_its_own_is_named(activation):
    def network(layers):
        return (5, 5, 1), [layers.Conv2D(2, 3, activation=activation)]

    with pytest.raises(ValueError, match="an operator [A-Z]+: known here"):
        IntegerNetwork.from_tflite(networks.converted(network))


@pytest.mark.parametrize("kept", [0, 3, 8, 100, 5_000, 200_000, 351_000])
def test_a_file_cut_short_is_named(kept, capfd):
    with pytest.raises(ValueError, match="damaged|no .tflite file|cannot be opened"):
        IntegerNetwork.from_tflite(FILE.read_bytes()[:kept])


def test_a_file_with_bytes_changed_is_named_or_runs():
    content, rng = bytearray(FILE.read_bytes()), np.random.default_rng(0)
    x = digits()[:1]
    for _ in range(60):
        broken = bytearray(content)
        # Most of the file is weights; its tables stand at both ends.
        places = rng.choice(np.r_[8:3000, len(content) - 6000 : len(content)], 3)
        for place in places:
            broken[place] = rng.integers(256)
        try:
            engine = IntegerNetwork.from_tflite(bytes(broken))
        except ValueError:
            continue
        assert all(codes.dtype == np.int8 for codes in engine.run(x).values())
