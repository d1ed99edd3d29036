"""Slides: one file that needs nothing else, and no slide larger than the screen."""

import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks import LESSONS, ROOT, name
from tools import commands, overflow, slides
from tools.files import CourseError

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
ALT = "A line that rises."


def cell(kind, make, *words, **more):
    """Return a cell that plays a part in the slides."""
    return make(*words, metadata={"slideshow": {"slide_type": kind}}, **more)


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A notebook with a picture, a formula and a note; scripts are small stand-ins."""
    script = tmp_path / "script.js"
    script.write_text("let end = '</script>';")
    monkeypatch.setattr(slides, "packaged", lambda package, name: script)
    shown = new_output(
        "display_data", {"image/png": PNG}, metadata={"image/png": {"alt": ALT}}
    )
    cells = [
        cell("slide", new_markdown_cell, "# One\n\n$x^2$"),
        cell("-", new_code_cell, "draw()", outputs=[shown]),
        cell("notes", new_markdown_cell, "Ask for hands."),
        cell("skip", new_markdown_cell, "Not shown."),
        cell("subslide", new_markdown_cell, "## Two"),
    ]
    path = tmp_path / "01_one.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_the_page_asks_for_nothing_and_keeps_formulas_pictures_words_and_notes(
    notebook,
):
    page = slides.slides(notebook)
    bare = re.sub(r"(?s)<(script|style)>.*?</\1>", "", page)
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", bare)
    assert "$x^2$" in page
    assert f'alt="{ALT}"' in page
    assert "Not shown" not in page
    assert re.search(r"(?s)<aside class=.notes.>.*Ask for hands", page)
    assert "<title>01 one</title>" in page
    assert page.count("<section") == 3  # one stands around the two


def test_a_script_cannot_end_the_script_that_holds_it(notebook):
    assert "let end = '<\\/script>';" in slides.slides(notebook)


def test_mermaid_comes_only_where_there_is_a_diagram(notebook):
    assert len(slides.ingredients("a", diagrams=False)["scripts"]) == 3
    assert "mermaid" in slides.ingredients("a", diagrams=True)["scripts"][3]


def test_a_notebook_without_slides_is_told_where_to_set_them(
    notebook, capsys, tmp_path
):
    notebook.write_text(re.sub('(sub)?slide"', '-"', notebook.read_text()))
    assert slides.main([str(notebook), str(tmp_path / "a.html")]) == 1
    assert (
        "01_one.ipynb has no slides: no cell's `slide_type`" in capsys.readouterr().err
    )
    assert not (tmp_path / "a.html").exists()


def test_a_file_that_a_package_does_not_carry_is_named():
    with pytest.raises(CourseError, match="nbformat holds no reveal"):
        slides.packaged("nbformat", "reveal.js")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Say which notebook"),
        (["01", "a.html", "b"], "Say which notebook"),
        (["77"], "There is no notebook `77`"),
        (["01", "a.pdf"], "name a file that ends in .html"),
    ],
)
def test_what_is_typed_wrong_is_answered_before_any_set_up(words, sentence, capsys):
    assert commands.run("slides", words) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("lesson", LESSONS, ids=name)
def test_every_slide_of_a_lesson_fits_and_asks_for_nothing(
    all_of_it, chromium, tmp_path, lesson
):
    page = tmp_path / "slides.html"
    command = [sys.executable, "course.py", "slides", lesson.stem, page]
    subprocess.run(command, cwd=ROOT, check=True)
    problems = []
    measured = list(overflow.measure(chromium, page, problems))
    assert problems == []
    assert len(measured) > 20
    assert all(s.height <= 720 and s.width <= 1280 for s in measured)
    assert not [str(slide) for slide in measured if slide.zoom < 0.5]
