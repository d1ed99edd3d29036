"""What a strict run does not see: order, size, links, words, and what a page needs."""

import itertools
import json
import re

import nbformat
import pytest

from qlib import checks
from tests.notebooks import ALL, LESSONS, SOLUTIONS, cells, functions, name, read

every_notebook = pytest.mark.parametrize("path", ALL, ids=name)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=name)


def words(path):
    return "\n".join(cell.source for cell in cells(path, "markdown"))


def test_there_are_notebooks_and_each_lesson_has_its_solutions():
    assert LESSONS
    assert [path.name for path in SOLUTIONS] == [path.name for path in LESSONS]


@every_notebook
def test_stored_outputs_are_one_full_run_in_order(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_no_output_is_an_error_or_a_warning(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", cell.source


@every_notebook
def test_no_cell_ends_with_a_semicolon(path):
    assert not [c.source for c in cells(path, "code") if c.source.rstrip()[-1:] == ";"]


@every_notebook
def test_the_file_is_valid_small_and_without_strange_metadata(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert path.stat().st_size < 300_000
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        on_colab = "colab" in cell.metadata.get("tags", [])
        assert set(cell.metadata) <= {"tags", "slideshow", *["jupyter"] * on_colab}
        assert cell.metadata.slideshow.slide_type in {
            "slide", "subslide", "fragment", "skip", "notes", "-",
        }  # fmt: skip
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


@every_notebook
def test_no_path_of_a_machine_and_no_random_address_is_stored(path):
    text = json.dumps(read(path))
    places = r"/home/|/root/|/work/|/tmp/|[A-Z]:\\\\Users|0x[0-9a-f]{6}"
    assert not re.search(places, text)


@every_notebook
def test_every_picture_has_alternative_text(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata["image/png"]["alt"]
                assert len(alt) > 30, cell.source
                assert output.metadata["data"], "its data are not stored"
    for alt in re.findall(r"!\[([^]]*)\]\(", words(path)):
        assert len(alt) > 30


@every_notebook
def test_every_link_to_a_file_leads_somewhere(path):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", words(path)):
        if not target.startswith("https://"):
            assert (path.parent / target).exists(), target


@every_notebook
def test_code_lines_fit_on_a_screen(path):
    for cell in cells(path, "code"):
        lines = cell.source.splitlines()
        assert max(map(len, lines)) <= 88, cell.source
        assert len([line for line in lines if line.strip()]) <= 25, cell.source


@every_notebook
def test_no_cell_imports_everything_downloads_or_holds_no_code(path):
    for cell in cells(path, "code"):
        assert cell.source.strip()
        assert not re.search(r"import \*|urllib|requests|get_file|^[!%]", cell.source)


@every_notebook
def test_headings_go_down_one_level_at_a_time(path):
    levels = [len(h) for h in re.findall(r"(?m)^(#+) ", words(path))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    steps = itertools.pairwise(levels)
    assert all(below <= above + 1 for above, below in steps)


@every_lesson
def test_a_lesson_has_all_its_parts(path):
    text = words(path)
    for part in (
        "**The question:**", "## Objectives", "## Prerequisites and running time",
        "2-core", "## Summary", "## Next lesson", "## Glossary", "Predict first",
        "中文",
    ):  # fmt: skip
        assert part in text, part
    assert len(re.findall("Predict first", text)) >= 2
    objectives = re.findall(r"(?m)^(\d)\. ", cells(path, "markdown")[0].source)
    summary = text.split("## Summary")[1].split("## Glossary")[0]
    assert 3 <= len(objectives) <= 5
    assert re.findall(r"(?m)^(\d)\. ", summary) == objectives
    assert any("widget" in str(c.outputs) or "slider" in str(c.outputs).lower()
               for c in cells(path, "code"))  # fmt: skip


EXERCISE = re.compile(
    r"### (Exercise \d+): .+  \((warm-up|core|stretch), \d+ minutes\)"
)


@every_lesson
def test_each_exercise_has_a_stub_a_check_a_hint_and_a_solution(path):
    notebook = read(path)
    titles = {}
    for cell, after in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.cell_type != "markdown" or "### Exercise" not in cell.source:
            continue
        title = EXERCISE.search(cell.source)
        assert title, cell.source
        assert "<details><summary>Hint</summary>" in cell.source
        called = re.search(r"check\.(\w+)\((\w+)\)", after.source)
        assert f"def {called[1]}(" in after.source
        assert after.outputs[0].text == f"{title[1]}: not attempted yet\n"
        assert checks.EXERCISES[called[1]].title == title[1]
        titles[title[1]] = called[1]
    assert list(titles) == [f"Exercise {i + 1}" for i in range(len(titles))]
    assert len(titles) >= 5
    solved = path.parent / "solutions" / path.name
    assert set(titles.values()) <= set(functions(solved))
    for title in titles:
        told = [o.get("text", "") for c in cells(solved, "code") for o in c.outputs]
        assert any(text.startswith(f"✓ {title}") for text in told), title


NUMBER = re.compile(r"(?<![\w.\d])-?\d[\d,]*\.?\d*(?:%|e-?\d+)?(?![\w\d])")


def numbers(text):
    """Return the numbers in a text that say something: three digits or more."""
    found = [n.replace(",", "").rstrip(".") for n in NUMBER.findall(text)]
    return {n for n in found if len(n.strip("-%0.").replace(".", "")) >= 3}


def is_printed(number, printed):
    """Return whether a printed number rounds to this one (or is its percentage)."""
    value = float(number.rstrip("%"))
    digits = len(number.rstrip("%").partition(".")[2])
    close = 0.51 * 10.0**-digits
    factors = (1, 100) if number.endswith("%") else (1,)
    return any(abs(abs(p) * f - abs(value)) <= close for p in printed for f in factors)


@every_lesson
def test_every_number_in_the_prose_is_printed_by_a_cell(path):
    printed = set()
    for cell in cells(path, "code"):
        shown = cell.source + " ".join(
            output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
            for output in cell.outputs
        )
        for found in re.findall(r"\d[\d_,]*\.?\d*(?:e[-+]?\d+)?", shown):
            plain = found.replace("_", "").replace(",", "").rstrip(".")
            printed.add(float(plain) if plain else 0.0)
    prose = words(path).split("## Sources")[0]
    prose = re.sub(r"(?s)<!-- links -->.*?<!-- /links -->|\]\([^)]*\)", "", prose)
    prose = re.sub(r"\b(?:int|uint|float)\d+\b|\$[^$]*\$|`[^`]*`", "", prose)
    unprinted = {n for n in numbers(prose) if not is_printed(n, printed)}
    assert not unprinted
