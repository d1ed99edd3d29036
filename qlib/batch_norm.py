"""Batch normalization, folded into the layer before it.

At inference a batch norm is a fixed line for each channel, so it can be a part of the
weights and the bias, and the device never sees it:

    gamma * (x * w + b - mean) / sigma + beta  =  x * (w * gamma / sigma) + b'
    b' = beta + (b - mean) * gamma / sigma,     sigma = sqrt(variance + epsilon)

Introduced in lesson 04.
"""

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import plain_array, real_array, require_finite


def fold_batch_norm(
    kernel: ArrayLike,
    bias: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    epsilon: float = 1e-3,
) -> tuple[np.ndarray, np.ndarray]:
    """Return (kernel, bias) that do the work of the layer and of its batch norm.

    Args:
        kernel: shape (..., channels), as of a convolution or a dense layer.
        bias: shape (channels,); zeros for a layer that has none.
        gamma, beta: learnt factor and offset, shape (channels,).
        mean, variance: moving statistics, shape (channels,); variance not negative.
        epsilon: what the layer adds to the variance, above 0; 1e-3 in Keras.

    Returns:
        Two new float32 arrays of the kernel's and the bias's shape.

    Raises:
        TypeError: an array holds no real numbers.
        ValueError: an array is empty, holds NaN or infinity or has another number of
            channels; a variance is negative; epsilon is not above 0; a folded value is
            beyond float32.

    Source: Jacob et al. 2018 (arXiv 1712.05877), equation 14; Ioffe and Szegedy 2015
    (arXiv 1502.03167). Lesson 04.

    Example:
        >>> fold_batch_norm([[1.0, 2.0]], [0.0, 1.0], [2.0, 2.0], [0.5, 0.0],
        ...                 [1.0, 1.0], [3.0, 0.0], epsilon=1.0)
        (array([[1., 4.]], dtype=float32), array([-0.5,  0. ], dtype=float32))
    """
    kernel = _finite(kernel, "kernel")
    channels = kernel.shape[-1:] or (1,)
    rows = {"bias": bias, "gamma": gamma, "beta": beta, "mean": mean}
    rows = {k: _finite(v, k) for k, v in {**rows, "variance": variance}.items()}
    for name, row in rows.items():
        if row.shape != channels:
            raise ValueError(
                f"{name} has shape {row.shape}, the kernel {kernel.shape}: {channels} "
                "is needed, one value for each channel."
            )
    if rows["variance"].min() < 0:
        raise ValueError(f"variance holds {rows['variance'].min():.4g}: below 0.")
    epsilon = plain_array(epsilon, "epsilon")
    one = epsilon.ndim == 0 and epsilon.dtype.kind in "iuf"
    if not one or not 0 < epsilon < np.inf:
        raise ValueError(f"epsilon is {epsilon}: one finite number above 0 is needed.")
    with np.errstate(all="ignore"):  # what is too large is refused below
        factor = rows["gamma"] / np.sqrt(rows["variance"] + epsilon)
        folded = rows["beta"] + (rows["bias"] - rows["mean"]) * factor
        kernel, folded = np.float32(kernel * factor), np.float32(folded)
    if not (np.isfinite(kernel).all() and np.isfinite(folded).all()):
        raise ValueError(
            "the folded values are too large for float32: a variance near 0 with a "
            "tiny epsilon, or huge weights."
        )
    return kernel, folded


def _finite(x: ArrayLike, name: str) -> np.ndarray:
    x = real_array(x, name)
    require_finite(x, name)
    return x.astype(np.float64)
