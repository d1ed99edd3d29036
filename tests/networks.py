"""Small Keras networks of many shapes, with random weights, for exactness tests.

Each is a function of Keras's `layers` that returns (input shape, list of layers).
"""

import numpy as np

from qlib.conversion import convert_int8
from qlib.flatbuffer import read_model, with_scales
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


def converted(network, seed=0):
    """Return the int8 file of a network with random weights, calibrated on noise."""
    model = built(network, seed)
    rng = np.random.default_rng(seed + 1)
    images = rng.normal(0.2, 1, (50, *model.input_shape[1:])).astype(np.float32)
    return convert_int8(model, images)


def codes(network, n, seed=2):
    """Return int8 inputs: half of them spread evenly, half of them near one another."""
    shape, _ = network(load_tensorflow().keras.layers)
    rng = np.random.default_rng(seed)
    even = rng.integers(-128, 128, (n - n // 2, *shape))
    near = rng.integers(-128, 128, (n // 2, *([1] * len(shape))))
    near = near + rng.integers(-9, 10, (n // 2, *shape))
    return np.clip(np.concatenate([even, near]), -128, 127).astype(np.int8)


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
