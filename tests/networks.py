"""Small Keras networks of many shapes, with random weights, for exactness tests.

Each is a function of Keras's `layers` that returns (input shape, list of layers).
Their inputs are random codes, or digits made to fit: averaged over the pixels that fall
together, one digit a channel.
"""

import functools

import numpy as np

from qlib.conversion import convert_int8
from qlib.data import load_mnist
from qlib.flatbuffer import read_model, with_scales
from qlib.linear import quantize
from qlib.quiet import load_tensorflow


def linear_conv(layers):
    return (9, 9, 3), [layers.Conv2D(8, 3)]


def strided_same(layers):
    return (11, 8, 4), [
        layers.Conv2D(6, 3, strides=2, padding="same", activation="relu"),
        layers.Conv2D(5, (2, 4), padding="same"),
        layers.Flatten(),
        layers.Dense(7),
    ]


def one_by_one_relu6(layers):
    return (6, 6, 8), [
        layers.Conv2D(16, 1, activation="relu6"),
        layers.AveragePooling2D(2),
        layers.Conv2D(4, 1, use_bias=False),
    ]


def depthwise_chain(layers):
    return (10, 10, 3), [
        layers.DepthwiseConv2D(3, padding="same"),
        layers.Conv2D(8, 1, activation="relu"),
        layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu6"),
        layers.AveragePooling2D((2, 3), padding="same", strides=(1, 2)),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]


def dilated(layers):
    return (12, 12, 2), [
        layers.Conv2D(6, 3, dilation_rate=2, activation="relu"),
        layers.MaxPooling2D(3, strides=1, padding="same"),
        layers.Conv2D(3, 3, dilation_rate=(2, 2), padding="same"),
    ]


def depthwise_wide(layers):
    return (9, 9, 20), [
        layers.DepthwiseConv2D(3, padding="same"),
        layers.DepthwiseConv2D((2, 5), activation="relu"),
        layers.DepthwiseConv2D(3, dilation_rate=2),
    ]


def depth_multiplier(layers):
    return (8, 8, 3), [
        layers.DepthwiseConv2D((3, 2), depth_multiplier=3),
        layers.MaxPooling2D((2, 1)),
        layers.DepthwiseConv2D(2, depth_multiplier=2, activation="relu"),
    ]


def wide_dense(layers):
    return (9, 9, 40), [
        layers.Flatten(),
        layers.Dense(33, activation="relu"),
        layers.Dense(12, activation="relu6"),
        layers.Dense(3, activation="softmax"),
    ]


def many_taps(layers):
    return (7, 7, 50), [layers.Conv2D(6, 5, activation="relu"), layers.Conv2D(3, 3)]


def lenet(layers):
    return (28, 28, 1), [
        layers.Conv2D(6, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 5, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(84, activation="relu"),
        layers.Dense(10),
        layers.Softmax(),
    ]


def pooled_padding(layers):
    return (7, 5, 4), [
        layers.AveragePooling2D(3, strides=2, padding="same"),
        layers.MaxPooling2D(2, strides=2, padding="same"),
        layers.Reshape((16,)),
        layers.Dense(100, activation="softmax"),
    ]


def dense_alone(layers):
    return (17,), [layers.Dense(9, activation="relu", use_bias=False), layers.Dense(5)]


# Networks whose probabilities may lie next to a tie: 256/512 is half a code.


def many_classes(layers):
    return (28, 28, 1), [
        layers.Conv2D(4, 5, strides=2, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(512),
        layers.Softmax(),
    ]


def many_classes_pooled(layers):
    return (12, 10, 3), [
        layers.DepthwiseConv2D(3, activation="relu6"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(512, activation="softmax"),
    ]


def many_classes_alone(layers):
    return (17,), [layers.Dense(512, activation="softmax")]


NETWORKS = (
    linear_conv,
    strided_same,
    one_by_one_relu6,
    dilated,
    depthwise_chain,
    depthwise_wide,
    depth_multiplier,
    wide_dense,
    many_taps,
    lenet,
    pooled_padding,
    dense_alone,
)
MANY_CLASSES = (many_classes, many_classes_pooled, many_classes_alone)


def built(network, seed=0):
    """Return a Keras model with random weights, biases too."""
    tf = load_tensorflow()
    tf.keras.utils.set_random_seed(seed)
    shape, layers = network(tf.keras.layers)
    # With any batch the converter splits dilation up into other operators.
    batch = 1 if network in (dilated, depthwise_wide) else None
    model = tf.keras.Sequential([tf.keras.layers.Input(shape, batch), *layers])
    rng = np.random.default_rng(seed)
    model.set_weights(
        [
            rng.normal(0, 0.3 if v.ndim == 1 else 1.5 / v[..., 0].size ** 0.5, v.shape)
            for v in model.get_weights()
        ]
    )
    return model


def converted(network, seed=0, seen="noise"):
    """Return the int8 file of a network with random weights.

    Its ranges come from noise or from digits, as `seen` says.
    """
    model = built(network, seed)
    if seen == "digits":
        return convert_int8(model, digits(network, 100, "training"))
    rng = np.random.default_rng(seed + 1)
    images = rng.normal(0.2, 1, (50, *model.input_shape[1:])).astype(np.float32)
    return convert_int8(model, images)


def even_codes(network, n, seed=2):
    """Return int8 inputs in which all codes are as likely."""
    rng = np.random.default_rng(seed)
    return rng.integers(-128, 128, (n, *_shape(network)), np.int8)


def near_codes(network, n, seed=3):
    """Return int8 inputs whose codes are near one another, at most 18 apart."""
    rng, shape = np.random.default_rng(seed), _shape(network)
    middles = rng.integers(-128, 128, (n, *([1] * len(shape))))
    found = middles + rng.integers(-9, 10, (n, *shape))
    return np.clip(found, -128, 127).astype(np.int8)


def codes(network, n, seed=2):
    """Return int8 inputs: half of them spread evenly, half of them near one another."""
    halves = even_codes(network, n - n // 2, seed), near_codes(network, n // 2, seed)
    return np.concatenate(halves)


def digits(network, n, part="test"):
    """Return real images from 0 to 1 of the network's input shape: digits made to fit.

    Channel k of image i is digit i + k. A vector is the profile of a digit's rows.
    """
    shape = _shape(network)
    rows, columns, channels = (*shape, 1, 1)[:3]
    images = _mnist()[part == "test"][: n + channels - 1] / np.float32(255)
    small = _means(rows) @ images @ _means(columns).T
    stacked = np.stack([small[k : k + n] for k in range(channels)], axis=-1)
    return stacked.reshape(n, *shape).astype(np.float32)


def digit_codes(network, content, n):
    """Return test digits as int8 codes on the grid of the file's input."""
    model = read_model(content)
    return quantize(digits(network, n), model.tensors[model.inputs[0]].params)


def _shape(network):
    return network(load_tensorflow().keras.layers)[0]


@functools.cache
def _mnist():
    (training, _), (test, _) = load_mnist()
    return training[:1000].copy(), test


def _means(size):
    """Return the matrix (size, 28) that averages 28 pixels over `size` equal parts."""
    edges, pixels = np.linspace(0, 28, size + 1)[:, None], np.arange(28)
    ends = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    return np.maximum(ends, 0) * size / 28


def with_close_scores(content, step):
    """Return the file whose scores have the same codes, and come in steps of `step`.

    The weights before the softmax shrink as much as the scores: with a small step all
    classes are nearly as likely as one another.
    """
    model = read_model(content)
    dense, softmax = model.layers[-2:]
    assert softmax.kind == "SOFTMAX"
    _, *weighted = dense.inputs
    (scores,) = dense.outputs
    factor = np.float32(step) / model.tensors[scores].scale
    scales = {i: model.tensors[i].scale * factor for i in (*weighted, scores)}
    return with_scales(content, scales)


def with_ties(content, factor):
    """Return the file with scales that make S_x * S_w / S_y `factor` in every layer.

    With a factor such as 1/16 every sixteenth sum is a tie: rules of rounding that
    agree on hundreds of millions of other codes differ on many of these.
    """
    model, scales = read_model(content), {}
    scales[model.inputs[0]] = np.float32(1)
    for step in model.layers:
        source, *rest = step.inputs
        weighted = len(rest) > 1
        scales[step.outputs[0]] = scales[source] / (factor if weighted else 1)
        for i, value in zip(rest, (1.0, scales[source]), strict=False):
            if weighted:
                scales[i] = np.full_like(model.tensors[i].scale, value)
    return with_scales(content, scales)


def all_weighted(layers):
    return (7, 7, 2), [
        layers.Conv2D(12, 3),
        layers.DepthwiseConv2D(3),
        layers.Flatten(),
        layers.Dense(20),
    ]
