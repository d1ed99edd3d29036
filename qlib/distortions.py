"""Digits that are shifted, turned or noisy, to see whether two networks still agree.

All take uint8 images and return new ones of the same shape; what comes in from outside
the image is black. Introduced in lesson 04.
"""

import numpy as np

from qlib._checked import plain_array, whole_number


def shifted(images: np.ndarray, right: int, down: int = 0) -> np.ndarray:
    """Return the images moved by whole pixels to the right and down.

    Args:
        images: uint8, shape (n, height, width).
        right, down: whole pixels, negative for left and up; -27 to 27.

    Raises:
        TypeError: images are not uint8, or a number is not whole.
        ValueError: the shape or a number does not fit.

    Source: lesson 04, "Stability".

    Example:
        >>> shifted(np.uint8([[[1, 2], [3, 4]]]), right=1)
        array([[[0, 1],
                [0, 3]]], dtype=uint8)
    """
    images = _checked(images)
    result = np.zeros_like(images)
    (to_y, from_y), (to_x, from_x) = (
        _overlap(whole_number(by, name, -27, 27), size)
        for by, name, size in zip(
            (down, right), ("down", "right"), images.shape[1:], strict=True
        )
    )
    result[:, to_y, to_x] = images[:, from_y, from_x]
    return result


def turned(images: np.ndarray, degrees: float) -> np.ndarray:
    """Return the images turned about their centre, counter-clockwise.

    Args:
        images: uint8, shape (n, height, width).
        degrees: of the turn, -180 to 180.

    Raises:
        TypeError: images are not uint8, or degrees is no number.
        ValueError: the shape or the angle does not fit.

    Source: Pillow's `Image.rotate`, bilinear. Lesson 04, "Stability".

    Example:
        >>> turned(np.uint8([[[1, 2], [3, 4]]]), 90.0)
        array([[[2, 4],
                [1, 3]]], dtype=uint8)
    """
    from PIL import Image

    images = _checked(images)
    degrees = _number(degrees, "degrees", -180.0, 180.0)
    result = np.empty_like(images)
    for row, image in zip(result, images, strict=True):
        turned_one = Image.fromarray(image).rotate(degrees, Image.Resampling.BILINEAR)
        row[:] = np.asarray(turned_one)
    return result


def noisy(images: np.ndarray, spread: float, seed: int = 0) -> np.ndarray:
    """Return the images with normal noise on each pixel, rounded and cut to 0 to 255.

    Args:
        images: uint8, shape (n, height, width).
        spread: standard deviation of the noise, in grey levels, 0 to 255.
        seed: of the noise.

    Raises:
        TypeError: images are not uint8, or spread is no number.
        ValueError: the shape or the spread does not fit.

    Source: lesson 04, "Stability".

    Example:
        >>> noisy(np.full((1, 1, 3), 128, np.uint8), spread=10.0)
        array([[[139, 114, 124]]], dtype=uint8)
    """
    images = _checked(images)
    spread = np.float32(_number(spread, "spread", 0.0, 255.0))
    rng = np.random.default_rng(whole_number(seed, "seed", 0, 2**32 - 1))
    result = np.empty_like(images)
    for row, image in zip(result, images, strict=True):  # one by one: little memory
        noise = spread * rng.standard_normal(image.shape, np.float32)
        row[:] = np.clip(np.rint(image + noise), 0, 255)
    return result


def _overlap(by: int, size: int) -> tuple[slice, slice]:
    """Return where the part that stays in sight goes to, and where it comes from."""
    kept = max(size - abs(by), 0)
    to, source = (max(by, 0), max(-by, 0)) if kept else (0, 0)
    return slice(to, to + kept), slice(source, source + kept)


def _checked(images: np.ndarray) -> np.ndarray:
    images = plain_array(images, "images")
    if images.dtype != np.uint8:
        raise TypeError(
            f"images has dtype {images.dtype}: uint8 grey levels are needed."
        )
    if images.ndim != 3 or images.size == 0:
        raise ValueError(
            f"images has shape {images.shape}: (n, height, width) is needed, and at "
            "least one image."
        )
    return images


def _number(value: float, name: str, low: float, high: float) -> float:
    number = plain_array(value, name)
    if number.ndim or number.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {value!r:.60}: one number is needed.")
    if not low <= number <= high:
        raise ValueError(f"{name} is {number}: allowed are {low:g} to {high:g}.")
    return float(number)
