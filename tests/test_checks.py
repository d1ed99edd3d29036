"""The exercises' checks: wrong answers are named, right ones pass, nothing raises."""

import time
import warnings

import numpy as np
import pytest

from qlib import checks
from qlib.checks import exercise as exercise_module
from tests.wrong_answers import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_11,
)

CATALOGUE = [
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_11,
]
WRONG = [(n, f) for c in CATALOGUE for n, fs in c.WRONG.items() for f in fs]
RIGHT = [(n, f) for c in CATALOGUE for n, fs in c.RIGHT.items() for f in fs]


def name(value):
    return value if isinstance(value, str) else value.__name__.split("__")[1]


@pytest.mark.parametrize(("exercise", "answer"), WRONG, ids=name)
def test_a_wrong_answer_is_refused_with_the_sentence_that_names_it(exercise, answer):
    ok, message = checks.verdict(exercise, answer)
    assert not ok
    assert answer.__doc__ in message
    assert message.startswith(f"{checks.EXERCISES[exercise].title}: not yet. ")


@pytest.mark.parametrize(("exercise", "answer"), RIGHT, ids=name)
def test_a_right_answer_passes_in_every_style(exercise, answer):
    ok, message = checks.verdict(exercise, answer)
    assert ok, message
    assert message.startswith("✓")


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_every_exercise_has_at_least_four_wrong_and_two_right_answers(exercise):
    assert sum(n == exercise for n, _ in WRONG) >= 4
    assert sum(n == exercise for n, _ in RIGHT) >= 2


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_different_mistakes_get_different_sentences(exercise):
    told = [checks.verdict(n, f)[1] for n, f in WRONG if n == exercise]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_every_known_mistake_is_recognised_as_itself(exercise):
    for mistake in checks.EXERCISES[exercise].mistakes:
        ok, message = checks.verdict(exercise, mistake.does)
        assert not ok
        assert mistake.says.split(":")[0][1:] in message


@pytest.mark.parametrize("exercise", checks.EXERCISES)
def test_an_empty_stub_prints_one_quiet_line(exercise, capsys):
    checks.EXERCISES[exercise](lambda *arguments: ...)
    checks.EXERCISES[exercise](lambda *arguments: None)
    title = checks.EXERCISES[exercise].title
    assert capsys.readouterr().out == f"{title}: not attempted yet\n" * 2


def test_a_stub_with_words_or_pass_is_not_attempted_yet():
    def words(low, high):
        """Return the range that holds 0."""

    def passes(low, high):
        pass

    for stub in (words, passes):
        assert checks.verdict("widen", stub) == (False, "Exercise 2: not attempted yet")


def test_an_answer_that_returns_nothing_is_told_so():
    def widen(low, high):
        low, high = min(low, 0.0), max(high, 0.0)

    ok, message = checks.verdict("widen", widen)
    assert not ok
    assert "For (36, 40) you returned nothing: is a `return` missing" in message


def test_what_a_wrong_answer_prints_is_shown(capsys):
    def widen(low, high):
        for i in range(12):
            print("low", low, "turn", i)
        return low, max(high, 0.0)

    checks.EXERCISES["widen"](widen)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Exercise 2: not yet. ")
    assert lines[1:3] == ["It printed:", "    low 36.0 turn 0"]  # in the case it names
    assert lines[-1] == "    ... and 2 lines more"
    assert len(lines) == 13


def test_what_a_right_answer_prints_is_not_shown(capsys):
    def widen(low, high):
        print(low)
        return min(low, 0.0), max(high, 0.0)

    checks.EXERCISES["widen"](widen)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_mistake_told_early_counts_more_than_a_later_missing_return():
    def bits_for(x, target_db):  # the 12 is missing, so 16 bits do not suffice
        for bits in range(2, 17):
            step = np.abs(x).max() / (2 ** (bits - 1) - 1)
            if 10 * np.log10(np.mean(x**2) / step**2) >= target_db:
                return bits

    assert "The 12 is missing" in checks.verdict("bits_for", bits_for)[1]


@pytest.mark.parametrize("exercise", checks.EXERCISES)
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda *a: 1 / 0, "raised ZeroDivisionError"),
        (lambda: 1, "raised TypeError"),
        (lambda *a: "seven", "you returned seven"),
        (lambda *a: np.zeros((7, 7, 7)), "7"),
        (lambda *a: print("0.5"), "prints its answer: return it instead"),
        (lambda *a: exit(), "raised SystemExit"),
        (3, "a function is needed"),
        (np.sum, "Exercise"),
    ],
)
def test_a_strange_answer_is_met_with_a_sentence(exercise, answer, sentence, capfd):
    ok, message = checks.verdict(exercise, answer)
    assert not ok
    assert sentence in message
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_an_answer_that_never_ends_is_stopped(monkeypatch):
    monkeypatch.setattr(exercise_module, "SECONDS", 0.2)
    turns = []

    def endless(low, high):
        while True:
            turns.append(1)
            time.sleep(0.001)

    ok, message = checks.verdict("widen", endless)
    assert not ok
    assert "did not end" in message
    time.sleep(0.1)
    before = len(turns)
    time.sleep(0.1)
    assert len(turns) == before, "the answer still runs"


def test_an_answer_that_forgets_a_case_is_told_which():
    ok, message = checks.verdict("widen", lambda a, b: (0.0, b) if a > 0 else None)
    assert not ok
    assert "For (-3, -1) you returned nothing" in message


def test_an_unknown_exercise_is_named():
    with pytest.raises(ValueError, match="no exercise 'widn'.*widen"):
        checks.verdict("widn", len)


class Hostile:
    """A result that fails at whatever is done with it."""

    def __array__(self, *arguments, **options):
        raise RuntimeError("no array")

    def __repr__(self):
        raise RuntimeError("no words")

    __deepcopy__ = __str__ = __repr__


@pytest.mark.parametrize("exercise", checks.EXERCISES)
@pytest.mark.parametrize(
    "result",
    [
        [1, [2, 3]],
        range(10**13),
        10**5000,
        Hostile(),
        (x for x in range(3)),
        list(range(100_000)),
        "two\nlines",
        np.broadcast_to(np.float64(1), (10**7, 10**6)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_result_can_make_a_check_raise_or_ramble(exercise, result):
    ok, message = checks.verdict(exercise, lambda *arguments: result)
    assert not ok
    assert "\n" not in message
    assert len(message) < 1000


def test_an_answer_that_calls_its_own_check_is_told_so_and_prints_stay(capsys):
    def widen(low, high):
        checks.EXERCISES["widen"](widen)
        return low, high

    ok, message = checks.verdict("widen", widen)
    assert not ok
    assert "calls its own check" in message
    print("still here")
    assert capsys.readouterr().out == "still here\n"


def test_an_answer_may_use_its_buffer_again():
    buffer = np.zeros(2)

    def widen(low, high):
        buffer[:] = min(low, 0.0), max(high, 0.0)
        return buffer

    assert checks.verdict("widen", widen)[0]


def test_integers_are_compared_to_the_last_digit():
    right = checks.EXERCISES["integer_dense"].right
    ok, _ = checks.verdict("integer_dense", lambda *a: (right(*a) + 1).astype(np.int32))
    assert not ok


def test_a_warning_in_an_answer_is_not_shown():
    def warns(low, high):
        warnings.warn("look at me", stacklevel=1)
        return np.float32(1) / np.float32(0) * 0 + min(low, 0.0), max(high, 0.0)

    ok, _ = checks.verdict("widen", warns)
    assert not ok
