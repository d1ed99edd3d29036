"""qlib.qat: gradients by formula and finite differences, and a network that learns."""

import numpy as np
import pytest

from qlib import nn, qat, ste
from qlib._learner import Learner
from qlib.data import load_float_model, load_mnist
from qlib.linear import fake_quantize
from qlib.params import QuantParams
from qlib.quiet import load_tensorflow

RNG = np.random.default_rng(0)
MODEL = load_float_model()
(IMAGES, LABELS), (X_TEST, Y_TEST) = load_mnist()
X = np.concatenate([RNG.normal(0, 2, 200), [0.5, 1.5, -2.5, 0.0, 9.0, -9.0]])
X = X.astype(np.float32)


def gradients(function, *values):
    """Return the derivatives of sum(function(values)) by each value."""
    tf = load_tensorflow()
    values = [tf.Variable(v) for v in values]
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(function(*values))
    return [slope.numpy() for slope in tape.gradient(y, values)]


# --- the estimator -------------------------------------------------------------------


def test_rounding_is_that_of_numpy_and_its_gradient_is_1():
    x = np.concatenate([X * s for s in (1e-3, 1, 1e3, 1e5)]).astype(np.float32)
    tf = load_tensorflow()
    np.testing.assert_array_equal(ste.round_ste(tf.constant(x)).numpy(), np.rint(x))
    np.testing.assert_array_equal(gradients(ste.round_ste, x)[0], np.ones_like(x))


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("scale", [0.1, 0.7, 3.0])
def test_forward_it_is_the_fake_quantization_of_lesson_01(bits, scale):
    grid = QuantParams(scale, 0, bits, narrow_range=True)
    scale = np.float32(scale)
    found = ste.fake_quantize_ste(
        load_tensorflow().constant(X), scale, grid.qmin, grid.qmax
    )
    np.testing.assert_array_equal(found.numpy(), fake_quantize(X, grid))


@pytest.mark.parametrize("scale", [0.13, 0.71])
def test_its_gradient_by_x_is_1_inside_and_0_outside(scale):
    x = X[np.abs(np.abs(X / scale) - 3) > 1e-3]  # not at the very ends
    slope, _ = gradients(
        lambda x, s: ste.fake_quantize_ste(x, s, -3.0, 3.0), x, np.float32(scale)
    )
    np.testing.assert_array_equal(slope, np.abs(x / scale) < 3)


@pytest.mark.parametrize("scale", [0.13, 0.71])
def test_its_gradient_by_the_scale_is_the_slope_with_the_rounding_held(scale):
    v0 = X.astype(np.float64) / scale
    inside = np.abs(v0) < 3

    def held(s):
        return np.where(inside, X + s * (np.rint(v0) - v0), s * np.clip(v0, -3, 3))

    step = 1e-4
    wanted = np.sum(held(scale + step) - held(scale - step)) / (2 * step)
    _, slope = gradients(
        lambda x, s: ste.fake_quantize_ste(x, s, -3.0, 3.0), X, np.float32(scale)
    )
    np.testing.assert_allclose(slope, wanted, rtol=1e-4)


def test_a_gradient_is_scaled_and_the_value_is_not():
    tf = load_tensorflow()
    assert float(ste.scaled_gradient(tf.constant(3.0), 0.25)) == 3.0
    assert gradients(lambda x: ste.scaled_gradient(x, 0.25), np.float32(3))[0] == 0.25


# --- training ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_bits():
    return qat.train(MODEL, IMAGES[:6000], LABELS[:6000], bits=2, act_bits=8, peak=2e-3)


def test_every_kernel_and_output_lies_on_its_grid(two_bits):
    network = two_bits.network()
    for name in nn.LAYERS:
        kernel = network[f"{name}/kernel"]
        steps = kernel / two_bits.kernel_params[name].scale
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-5)
        assert np.abs(steps).max() < 1.001  # -1, 0 and 1
    seen = nn.activations(network, X_TEST[:50], transform=two_bits.transform())
    for name, grid in two_bits.act_params.items():
        assert len(np.unique(seen[name])) <= 256
        assert grid.qmin == 0 and grid.zero_point == 0


def test_training_on_the_grid_wins_back_what_rounding_lost(two_bits):
    kernels, outputs = qat.first_grids(MODEL, IMAGES, 2, 8)
    rounded = qat.Trained(MODEL, kernels, outputs)
    before = np.mean(rounded.predict(X_TEST[:3000]) == Y_TEST[:3000])
    after = np.mean(two_bits.predict(X_TEST[:3000]) == Y_TEST[:3000])
    assert before < 0.92 < 0.96 < after


def test_the_same_network_comes_out_in_tensorflow_and_in_numpy(two_bits):
    learner = Learner(two_bits.weights, two_bits.kernel_params, two_bits.act_params)
    images = (X_TEST[:64, ..., None] / np.float32(255)).astype(np.float32)
    ours = nn.forward(two_bits.network(), X_TEST[:64], transform=two_bits.transform())
    theirs = learner.logits(load_tensorflow().constant(images)).numpy()
    off = np.abs(ours - theirs).max(axis=1)
    # A sum in another order may land on the other side of a step, in a few images.
    assert np.median(off) < 1e-4 and off.max() < 0.5


def test_each_step_has_its_loss_and_asked_for_steps_are_kept():
    told = []

    def show(steps, words):
        told.append((len(steps), words))
        yield from steps

    found = qat.train(
        MODEL, IMAGES[:640], LABELS[:640], bits=2, keep=(0, 3, 5), show=show
    )
    assert told == [(5, "5 steps of training")] and len(found.losses) == 5
    assert list(found.kept) == [0, 3, 5]
    np.testing.assert_array_equal(
        found.kept[0].weights["dense/kernel"], MODEL["dense/kernel"]
    )
    for name, array in found.network().items():
        np.testing.assert_array_equal(found.kept[5].network()[name], array)


def test_without_widths_it_is_plain_fine_tuning():
    found = qat.train(MODEL, IMAGES[:512], LABELS[:512], movement=None, peak=1e-4)
    assert found.kernel_params == {} and found.transform() == {}
    for name, array in found.network().items():
        assert array is found.weights[name]
        assert 0 < np.abs(array - MODEL[name]).max() < 0.01


def test_the_same_seed_trains_the_same_network():
    runs = [
        qat.train(MODEL, IMAGES[:512], LABELS[:512], bits=4, act_bits=4, seed=seed)
        for seed in (1, 1, 2)
    ]
    kernels = [run.weights["dense/kernel"] for run in runs]
    np.testing.assert_allclose(kernels[0], kernels[1], atol=1e-6)
    assert np.abs(kernels[0] - kernels[2]).max() > 1e-4


def test_nothing_given_is_changed():
    before = {name: array.copy() for name, array in MODEL.items()}
    images, labels = IMAGES[:256].copy(), LABELS[:256].copy()
    qat.train(MODEL, images, labels, bits=3)
    assert all(np.array_equal(before[name], MODEL[name]) for name in MODEL)
    assert np.array_equal(images, IMAGES[:256])
    assert np.array_equal(labels, LABELS[:256])


BAD = {
    "bits": ({"bits": 1}, ValueError, "bits is 1: allowed are 2 to 8"),
    "wide": ({"act_bits": 9}, ValueError, "act_bits is 9"),
    "half": ({"bits": 2.5}, TypeError, "bits is 2.5"),
    "epochs": ({"epochs": 0}, ValueError, "epochs is 0"),
    "batch": ({"batch": 300}, ValueError, "batch is 300: allowed are 1 to 256"),
    "labels": ({"labels": LABELS[:255]}, ValueError, "one label for each image"),
    "digits": (
        {"labels": LABELS[:256] + 5},
        ValueError,
        "labels run from 5 to 14: 0 to 9",
    ),
    "float labels": ({"labels": LABELS[:256] / 1.0}, TypeError, "labels has dtype"),
    "weights": ({"weights": {}}, ValueError, "weights has no array"),
    "images": ({"images": IMAGES[:256, :20]}, ValueError, "images"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_named(kind):
    options, error, message = BAD[kind]
    given = {"weights": MODEL, "images": IMAGES[:256], "labels": LABELS[:256]}
    with pytest.raises(error, match=message):
        qat.train(**{**given, **options})


def with_nan(images):
    real = images / np.float32(255)
    real[0, 0, 0] = np.nan
    return real


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"peak": np.nan}, ValueError, "peak is nan: above 0 up to 1"),
        ({"peak": -1.0}, ValueError, "peak is -1.0"),
        ({"peak": "fast"}, TypeError, "peak is 'fast'"),
        ({"images": with_nan(IMAGES[:256])}, ValueError, "images holds 1 value"),
        ({"images": IMAGES[:256] / 1.0}, ValueError, "images run from 0 to 255.*255"),
        ({"movement": (8.0,)}, ValueError, "movement is .*four numbers"),
        ({"movement": (np.nan, 1, 0.1, 0.1)}, ValueError, "movement is"),
        ({"movement": (8, 1, 1.0, 0.1)}, ValueError, r"zoom \(below 1\)"),
        ({"movement": "much"}, TypeError, "movement is 'much'"),
        ({"keep": (3,)}, ValueError, "a step to keep is 3: allowed are 0 to 2"),
        ({"keep": (1.5,)}, TypeError, "a step to keep is 1.5"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"weights": None}, TypeError, "weights is NoneType"),
    ],
)
def test_bad_settings_are_named_before_anything_is_trained(options, error, message):
    given = {"weights": MODEL, "images": IMAGES[:256], "labels": LABELS[:256]}
    with pytest.raises(error, match=message):
        qat.train(**{**given, **options})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((MODEL, IMAGES[:9], 0, 8), ValueError, "bits is 0: allowed are 2 to 8"),
        ((MODEL, IMAGES[:9], 16, 8), ValueError, "bits is 16"),
        ((MODEL, IMAGES[:9], 4, 1), ValueError, "act_bits is 1"),
        ((None, IMAGES[:9], 4, 8), TypeError, "weights is NoneType"),
        ((MODEL, None, 4, 8), TypeError, "images"),
        ((MODEL, with_nan(IMAGES[:9]), 4, 8), ValueError, "images holds 1 value"),
    ],
)
def test_bad_input_of_the_first_grids_is_named(arguments, error, message):
    with pytest.raises(error, match=message):
        qat.first_grids(*arguments)


def test_two_networks_with_the_same_arrays_are_two():
    one, other = qat.Trained(MODEL), qat.Trained(dict(MODEL))
    assert one == one and one != other and len({one, other}) == 2
