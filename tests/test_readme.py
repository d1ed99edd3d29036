"""The README: short, its commands at the top, its table equal to the folder."""

import re

from tests.notebooks import LESSONS, ROOT, cells

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_has_at_most_400_words():
    assert len(re.sub(r"\]\([^)]*\)|<!--.*?-->", "", README).split()) <= 400


def test_the_two_commands_stand_within_the_first_15_lines():
    top = "\n".join(README.splitlines()[:15])
    assert "python3 course.py lab" in top
    assert "python3 course.py test" in top


def test_the_table_lists_the_lessons_of_the_folder_in_order():
    listed = re.findall(r"(?m)^\| \[[^]]+\]\(notebooks/([^)]+)\) \|", README)
    assert listed == [path.name for path in LESSONS]


def test_each_row_has_the_question_of_its_notebook():
    for path in LESSONS:
        first = cells(path, "markdown")[0].source
        question = re.search(r"\*\*The question:\*\* (.+)", first)[1]
        row = next(line for line in README.splitlines() if path.name in line)
        assert question.lower() in row.lower()


def test_every_link_to_a_file_leads_somewhere_and_pictures_have_words():
    for words, target in re.findall(r"!?\[([^]]*)\]\(([^)]+)\)", README):
        assert words
        assert target.startswith("https://") or (ROOT / target).exists(), target
