"""The straight-through estimator: rounding forward, as if it were not there backward.

    x_hat = scale * round(clip(x / scale, qmin, qmax))      with d round(v) / dv := 1

Rounding has a slope of 0 wherever it has one, so a loss behind it says nothing to the
weights before it. With this rule it does, and to the step of the grid as well.
TensorFlow loads inside the functions. Introduced in lesson 04.
"""

from typing import TYPE_CHECKING

from qlib.quiet import load_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf


def round_ste(x: "tf.Tensor") -> "tf.Tensor":
    """Return round(x), half to even, with the gradient of x itself.

    The difference that is added is exact in float32, so the result is a whole number.

    Args:
        x: float tensor of any shape.

    Source: Bengio et al. 2013, "Estimating or Propagating Gradients Through Stochastic
    Neurons" (arXiv 1308.3432). Lesson 04.

    Example:
        >>> round_ste(load_tensorflow().constant([0.4, 1.5, -2.7])).numpy()
        array([ 0.,  2., -3.], dtype=float32)
    """
    tf = load_tensorflow()
    return x + tf.stop_gradient(tf.round(x) - x)


def fake_quantize_ste(
    x: "tf.Tensor", scale: "tf.Tensor", qmin: float, qmax: float
) -> "tf.Tensor":
    """Return x on its grid, with gradients by x and by the scale.

    By x the gradient is 1 inside the range and 0 outside. By the scale it is
    round(v) - v inside, with v = x / scale, and qmin or qmax outside: the learned step
    size follows from the straight-through estimator alone.

    Args:
        x: float tensor of any shape.
        scale: above 0, of a shape that broadcasts against x.
        qmin, qmax: ends of the codes.

    Source: Esser et al. 2020, "Learned Step Size Quantization" (arXiv 1902.08153).
    Lesson 04.

    Example:
        >>> tf = load_tensorflow()
        >>> fake_quantize_ste(tf.constant([-9.0, 0.3, 0.8]), 0.5, -1.0, 1.0).numpy()
        array([-0.5,  0.5,  0.5], dtype=float32)
    """
    tf = load_tensorflow()
    return scale * round_ste(tf.clip_by_value(x / scale, qmin, qmax))


def scaled_gradient(x: "tf.Tensor", factor: float) -> "tf.Tensor":
    """Return x, with its gradient multiplied by `factor`.

    Args:
        x: float tensor of any shape.
        factor: such as 1 / sqrt(values * qmax), which makes the steps of a scale as
            large, beside the scale, as those of the weights beside the weights.

    Source: Esser et al. 2020 (arXiv 1902.08153), on the gradient's scale.
    Lesson 04.

    Example:
        >>> float(scaled_gradient(load_tensorflow().constant(3.0), 0.1))
        3.0
    """
    tf = load_tensorflow()

    @tf.custom_gradient
    def same(x: "tf.Tensor"):
        return tf.identity(x), lambda slope: slope * factor

    return same(x)
