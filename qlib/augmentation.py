"""Move training digits a little, so that the network meets each one in many forms."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qlib._checked import plain_array
from qlib.quiet import load_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf


def four_numbers(movement: Sequence[float]) -> tuple[float, ...]:
    """Return the four largest movements as floats, refusing what is none.

    Args:
        movement: largest rotation, shift, zoom and slant, as for `moved`.

    Raises:
        TypeError: they are no numbers.
        ValueError: they are not four, negative or not finite, or a zoom of 1 or more.

    Example:
        >>> four_numbers((8, 1, 0.1, 0.1))
        (8.0, 1.0, 0.1, 0.1)
    """
    numbers = plain_array(movement, "movement")
    if numbers.dtype.kind not in "iuf":
        raise TypeError(f"movement has dtype {numbers.dtype}: numbers are needed.")
    fits = numbers.shape == (4,) and np.isfinite(numbers).all() and numbers.min() >= 0
    if not fits or numbers[2] >= 1:
        raise ValueError(
            f"movement is {movement!r:.60}: four numbers from 0 up are needed, the "
            "largest rotation (degrees), shift (pixels), zoom (below 1) and slant."
        )
    return tuple(map(float, numbers))


def moved(
    images: "tf.Tensor", rotation: float, shift: float, zoom: float, slant: float
) -> "tf.Tensor":
    """Return each image turned, zoomed, slanted and shifted by its own random amounts.

    One map from new to old pixels about the centre interpolates the strokes once;
    Keras has a layer for each movement, and each layer would blur them again.

    Args:
        images: real, shape (n, height, width, 1), height equal to width.
        rotation: largest turn in degrees.
        shift: largest shift in pixels.
        zoom: largest change of size, as a fraction of it.
        slant: largest slant in pixels sideways for each pixel down.

    Example:
        >>> moved(np.ones((2, 28, 28, 1), np.float32), 8.0, 1.0, 0.1, 0.1).shape
        TensorShape([2, 28, 28, 1])
    """
    tf = load_tensorflow()

    def draw(largest: float) -> "tf.Tensor":
        """Return an amount for each image, up to the largest, either way."""
        return tf.random.uniform([tf.shape(images)[0]], -largest, largest)

    angle, size = draw(np.radians(rotation)), 1 + draw(zoom)
    xx, xy = tf.cos(angle) / size, -tf.sin(angle) / size + draw(slant)
    yx, yy = tf.sin(angle) / size, tf.cos(angle) / size
    centre = (images.shape[1] - 1) / 2
    x0 = centre * (1 - xx - xy) + draw(shift)
    y0 = centre * (1 - yx - yy) + draw(shift)
    none = tf.zeros_like(angle)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([xx, xy, x0, yx, yy, y0, none, none], axis=1),
        output_shape=images.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
