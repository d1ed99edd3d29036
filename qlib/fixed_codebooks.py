"""Codebooks that are known before the data: nothing to learn, nothing to store.

Each reaches from -1 to 1 and is scaled to a tensor by its largest magnitude,
`nf4().scaled(np.abs(x).max())`. Introduced in lesson 03.
"""

from statistics import NormalDist

import numpy as np

from qlib._checked import whole_number
from qlib.codebook import Codebook


def nf4() -> Codebook:
    """Return the 16 levels of "4-bit NormalFloat", made for normal distributions.

    Each half has levels at equal shares of a normal distribution: 7 below 0, 8 above,
    and 0 itself, so that zero comes back exactly.

    Source: Dettmers et al. 2023, "QLoRA" (arXiv 2305.14314), section 3 and appendix E,
    as its authors' code makes them: the outermost share is the mean of 1 - 1/30 and
    1 - 1/32. Lesson 03.

    Example:
        >>> nf4().centers[[0, 7, 8, 15]].round(4)
        array([-1.    ,  0.    ,  0.0796,  1.    ], dtype=float32)
    """
    outermost = 1 - (1 / 30 + 1 / 32) / 2
    quantile = np.vectorize(NormalDist().inv_cdf)
    above = quantile(np.linspace(0.5, outermost, 9))[1:]
    below = -quantile(np.linspace(0.5, outermost, 8))[1:]
    levels = np.concatenate([below[::-1], [0.0], above]) / above[-1]
    levels[0] = -1.0
    return Codebook(levels.astype(np.float32))


def fp4() -> Codebook:
    """Return the 15 levels of the 4-bit float with 2 exponent bits and 1 of fraction.

    0, 1/2, 1, 3/2, 2, 3, 4, 6 and their negatives, divided by 6. (Two codes mean 0.)

    Source: Open Compute Project, "OCP Microscaling Formats (MX) Specification", version
    1.0, E2M1. Lesson 03.

    Example:
        >>> (fp4().centers[7:] * 6).round(2)
        array([0. , 0.5, 1. , 1.5, 2. , 3. , 4. , 6. ], dtype=float32)
    """
    half = np.array([0.5, 1, 1.5, 2, 3, 4, 6]) / 6
    return Codebook(np.concatenate([-half[::-1], [0.0], half]).astype(np.float32))


def powers_of_two(bits: int = 4) -> Codebook:
    """Return 0 and plus or minus 1, 1/2, 1/4, ...: products become shifts of bits.

    Args:
        bits: 2 to 8; 2**bits - 1 levels, 2**(bits - 1) - 1 on either side of 0.

    Raises:
        TypeError, ValueError: bits is no whole number from 2 to 8.

    Source: Miyashita et al. 2016, "Convolutional Neural Networks using Logarithmic Data
    Representation" (arXiv 1603.01025). Lesson 03.

    Example:
        >>> powers_of_two(3).centers
        array([-1.  , -0.5 , -0.25,  0.  ,  0.25,  0.5 ,  1.  ], dtype=float32)
    """
    count = 2 ** (whole_number(bits, "bits", 2, 8) - 1) - 1
    half = 2.0 ** -np.arange(count)
    return Codebook(np.concatenate([-half, [0.0], half[::-1]]).astype(np.float32))


def uniform(bits: int = 4) -> Codebook:
    """Return 2**bits - 1 levels at equal steps: the linear grid as a codebook.

    Args:
        bits: 2 to 8.

    Raises:
        TypeError, ValueError: bits is no whole number from 2 to 8.

    Source: lesson 01, the symmetric narrow-range grid.

    Example:
        >>> uniform(2).centers
        array([-1.,  0.,  1.], dtype=float32)
    """
    count = 2 ** (whole_number(bits, "bits", 2, 8) - 1) - 1
    return Codebook((np.arange(-count, count + 1) / count).astype(np.float32))
