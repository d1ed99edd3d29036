"""Checks for the exercises: run an answer on cases and name the mistake, kindly.

A check never raises: an answer that is missing, fails, prints, or never ends is met
with a sentence.

    from qlib.checks import lesson_01 as check
    check.widen(widen)          # prints one line
    verdict("widen", widen)     # -> (ok, message)
"""

from collections.abc import Callable

from qlib.checks import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_11,
)
from qlib.checks.exercise import Exercise

EXERCISES: dict[str, Exercise] = {
    **lesson_00.EXERCISES,
    **lesson_01.EXERCISES,
    **lesson_02.EXERCISES,
    **lesson_03.EXERCISES,
    **lesson_04.EXERCISES,
    **lesson_05.EXERCISES,
    **lesson_11.EXERCISES,
}


def verdict(exercise: str, answer: Callable) -> tuple[bool, str]:
    """Return whether `answer` solves the exercise, and the sentence for it.

    Args:
        exercise: the exercise's name, such as "widen".
        answer: the student's function.

    Raises:
        ValueError: there is no exercise of this name.

    Example:
        >>> verdict("widen", lambda low, high: (min(low, 0.0), max(high, 0.0)))[0]
        True
    """
    if not isinstance(exercise, str) or exercise not in EXERCISES:
        raise ValueError(
            f"there is no exercise {exercise!r}: there are {', '.join(EXERCISES)}."
        )
    return EXERCISES[exercise].verdict(answer)
