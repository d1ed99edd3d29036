"""How much of a difference between two accuracies luck alone can make.

Introduced in lesson 02, "Noise, seen as noise".
"""

import math

from qlib._checked import plain_array, whole_number

MOST = 10**6  # images that tell two networks apart


def standard_error(accuracy: float, n: int) -> float:
    """Return sqrt(p (1 - p) / n), the standard error of an accuracy p over n images.

    The accuracy over n images differs from that over all possible images by about so
    much; 95 % of the time by less than twice that.

    Args:
        accuracy: fraction of right answers, 0 to 1.
        n: number of images, 1 or more.

    Raises:
        TypeError: accuracy is no number, or n no whole one.
        ValueError: accuracy is outside 0 to 1 (given in percent?), or n below 1.

    Source: standard deviation of a binomial share. Lesson 02.

    Example:
        >>> round(standard_error(0.99, 10_000), 5)
        0.00099
    """
    p = plain_array(accuracy, "accuracy")
    if p.ndim or p.dtype.kind not in "iuf":
        raise TypeError(f"accuracy is {accuracy!r}: one number from 0 to 1 is needed.")
    p = float(p)
    if not 0 <= p <= 1:
        raise ValueError(f"accuracy is {p:g}: a fraction from 0 to 1, not percent.")
    return math.sqrt(p * (1 - p) / whole_number(n, "n", 1, 10**12))


def sign_test(lost: int, won: int) -> float:
    """Return the chance that fair coins split at least as unevenly as lost : won.

    Two networks answer the same images; only those that one of them gets right tell
    them apart. If neither were better, each of these would fall to either like a coin.

    Args:
        lost: images that the first network alone gets right.
        won: images that the second alone gets right.

    Returns:
        The two-sided p-value, 0 to 1.

    Raises:
        TypeError, ValueError: a count is no whole number from 0 up.

    Source: McNemar, "Note on the sampling error of the difference between correlated
    proportions or percentages", Psychometrika 12, 1947; in its exact
    form. Lessons 01 and 02.

    Example:
        >>> round(sign_test(5, 2), 3)
        0.453
    """
    lost = whole_number(lost, "lost", 0, MOST)
    won = whole_number(won, "won", 0, MOST)
    n, fewer = lost + won, min(lost, won)
    half = n * math.log(2)
    logs = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - half
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * math.fsum(map(math.exp, logs)))
