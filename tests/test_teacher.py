"""notebooks/README.md: every exercise is there, as its lesson has it."""

import re

from tests.notebooks import LESSONS, ROOT, cells, read

TEACHER = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
HEADING = re.compile(
    r"### Exercise (\d+): (.+?)  \((warm-up|core|stretch), (\d+) minutes\)"
)


def exercises():
    """Return (lesson, "number: title", level, minutes) of every exercise."""
    return [
        (path.stem[:2], f"{found[1]}: {found[2]}", found[3], found[4])
        for path in LESSONS
        for cell in cells(path, "markdown")
        for found in HEADING.finditer(cell.source)
    ]


def test_the_table_has_every_exercise_with_its_level_and_minutes():
    rows = re.findall(r"(?m)^\| (\d\d) \| (.+?) \| (\S+) \| (\d+) \| .*\|$", TEACHER)
    assert rows == exercises()


def test_their_number_and_minutes_are_added_up():
    count, minutes = re.search(r"(\d+) exercises, (\d+) minutes", TEACHER).groups()
    assert int(count) == len(exercises()) >= 40
    assert int(minutes) == sum(int(found[3]) for found in exercises())


def test_every_lesson_has_exercises_of_at_least_two_levels():
    for path in LESSONS:
        levels = {found[2] for found in exercises() if found[0] == path.stem[:2]}
        assert len(levels) >= 2, path.name


def test_every_link_leads_to_a_lesson_or_the_answers():
    for target in re.findall(r"\]\(([^)]+)\)", TEACHER):
        assert (ROOT / "notebooks" / target).exists(), target


def test_the_numbers_of_exercises_in_the_plans_exist():
    for lesson, words in re.findall(r"\[(\d\d)\]\([^)]+\)(.*)", TEACHER):
        numbers = [int(n) for n in re.findall(r"\d+", words.partition("exercise")[2])]
        known = {int(f[1].partition(":")[0]) for f in exercises() if f[0] == lesson}
        assert set(numbers) <= known, (lesson, words)


def test_every_lesson_ends_with_what_is_solved_in_this_session():
    for path in LESSONS:
        texts = [cell.source for cell in read(path).cells]
        place = texts.index("check.progress()")
        assert place < texts.index(next(t for t in texts if t.startswith("## Summary")))
        assert not any("### Exercise" in text for text in texts[place:]), path.name
