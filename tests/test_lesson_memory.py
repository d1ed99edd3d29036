"""Each lesson's peak memory: what conftest.py holds it to after its last cell."""

from tests.lesson_memory import CLOSE, problem_with_memory, stated
from tests.notebooks import LESSONS, ROOT
from tools.peak import limit, peak_memory


def test_the_readme_states_a_figure_within_the_limit_for_every_lesson():
    assert list(stated()) == [path.name for path in LESSONS]
    for path in LESSONS:
        assert 0.05 < stated()[path.name] <= limit(path.stem)


def test_too_much_and_not_what_the_readme_says_are_told():
    lesson = LESSONS[1]
    assert problem_with_memory(lesson, stated()[lesson.name]) is None
    assert "0.5 are allowed" in problem_with_memory(lesson, 0.51)
    far = stated()[lesson.name] - CLOSE - 0.01
    assert "README.md says" in problem_with_memory(lesson, far)
    assert problem_with_memory(lesson, None) is None
    solved = ROOT / "notebooks" / "solutions" / lesson.name
    assert problem_with_memory(solved, 0.01) is None


def test_of_a_process_that_is_gone_nothing_is_known():
    assert peak_memory(2**22 + 1) is None
