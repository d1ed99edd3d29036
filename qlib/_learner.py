"""The TensorFlow side of training on a grid: variables, the network, one step.

Introduced in lesson 04, sections 3 and 4; `qlib.qat.train` runs it.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from qlib.augmentation import moved
from qlib.params import QuantParams
from qlib.quiet import load_tensorflow
from qlib.ste import fake_quantize_ste, scaled_gradient

if TYPE_CHECKING:
    import tensorflow as tf


class Learner:
    """The variables of a network in training: arrays, and a scale for each grid."""

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        kernel_params: Mapping[str, QuantParams],
        act_params: Mapping[str, QuantParams],
    ) -> None:
        tf = load_tensorflow()
        self.kernel_params, self.act_params = kernel_params, act_params
        self.arrays = {name: tf.Variable(array) for name, array in weights.items()}
        self.scales = {
            params: tf.Variable(np.float32(grid.scale))
            for params, grid in self._grids().items()
        }
        self.variables = [*self.arrays.values(), *self.scales.values()]

    def _grids(self) -> dict[str, QuantParams]:
        kernels = {f"{name}/kernel": p for name, p in self.kernel_params.items()}
        return {**kernels, **self.act_params}

    def _on_grid(self, name: str, x: "tf.Tensor") -> "tf.Tensor":
        grid = self._grids().get(name)
        if grid is None:
            return x
        # Values that share one scale: of a channel's weights, or of one image's output.
        values = np.prod(x.shape[:-1] if "/" in name else x.shape[1:])
        factor = 1 / np.sqrt(float(values) * grid.qmax)
        scale = scaled_gradient(_above_0(self.scales[name]), factor)
        return fake_quantize_ste(x, scale, float(grid.qmin), float(grid.qmax))

    def logits(self, x: "tf.Tensor") -> "tf.Tensor":
        """Return the scores for images (n, 28, 28, 1) from 0 to 1."""
        tf = load_tensorflow()
        kernel = {
            k: self._on_grid(k, v)
            for k, v in self.arrays.items()
            if k.endswith("kernel")
        }
        bias = self.arrays
        x = tf.nn.conv2d(x, kernel["conv/kernel"], 1, "VALID") + bias["conv/bias"]
        x = tf.nn.max_pool2d(tf.nn.relu(x), 2, 2, "VALID")
        x = tf.reshape(self._on_grid("conv", x), (-1, 5408))
        x = tf.nn.relu(x @ kernel["dense/kernel"] + bias["dense/bias"])
        x = self._on_grid("dense", x)
        return x @ kernel["logits/kernel"] + bias["logits/bias"]

    def learnt_scales(self) -> dict[str, np.ndarray]:
        """Return the scale of each grid, by "layer/kernel" or by layer."""
        return {name: _above_0(scale).numpy() for name, scale in self.scales.items()}


def _above_0(scale: "tf.Variable") -> "tf.Tensor":
    tf = load_tensorflow()
    return tf.abs(scale) + float(np.finfo(np.float32).tiny)


def compiled_step(learner: Learner, movement: tuple[float, ...] | None) -> Callable:
    """Return a function (images, labels, rate) -> loss that makes one step of Adam."""
    tf = load_tensorflow()
    optimizer = tf.keras.optimizers.Adam(1e-3)
    optimizer.build(learner.variables)

    @tf.function(reduce_retracing=True)
    def step(images, labels, rate):
        x = tf.cast(images, tf.float32)
        x = x / 255 if images.dtype == tf.uint8 else x
        if movement is not None:
            x = moved(x, *movement)
        with tf.GradientTape() as tape:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels, learner.logits(x)
            )
            loss = tf.reduce_mean(each)
        slopes = tape.gradient(loss, learner.variables)
        optimizer.learning_rate.assign(rate)
        optimizer.apply_gradients(zip(slopes, learner.variables, strict=True))
        return loss

    return lambda *arguments: step(*map(tf.constant, arguments))
