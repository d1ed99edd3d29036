"""Answers that people give to the exercises: wrong ones, and right ones."""

from collections.abc import Callable

Answers = dict[str, list[Callable]]


def catalogue() -> tuple[Answers, Answers, Callable, Callable]:
    """Return WRONG and RIGHT, empty, and the two decorators that fill them.

    An answer's name begins with its exercise's: `widen__one_sided` belongs to `widen`.
    """
    found: tuple[Answers, Answers] = ({}, {})

    def keeper(answers: Answers) -> Callable:
        def keep(function: Callable) -> Callable:
            exercise = function.__name__.split("__")[0]
            answers.setdefault(exercise, []).append(function)
            return function

        return keep

    return *found, *map(keeper, found)
