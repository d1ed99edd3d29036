"""Stored outputs come from one run, and a second run gives the same bytes."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import refresh


@pytest.fixture
def course(tmp_path):
    """Return a function that writes a notebook from its code cells."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "pyproject.toml").write_text("")

    def write(*cells, name="01_one.ipynb"):
        path = tmp_path / "notebooks" / name
        made = [c if isinstance(c, dict) else new_code_cell(c) for c in cells]
        nbformat.write(new_notebook(cells=made), path)
        return path

    return write


WIDGET = "import ipywidgets\nipywidgets.IntSlider(3)"
PRINTS = """\
import sys
print("a", flush=True)
print("b", file=sys.stderr, flush=True)
print("c")
1 + 1"""


def test_a_second_refresh_gives_identical_bytes(course, capsys):
    title = new_markdown_cell("# One\n<!-- links --><!-- /links -->")
    raises = new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    path = course(title, "x = 1\r\n", "", WIDGET, PRINTS, raises)
    raw = json.loads(path.read_text())
    del raw["cells"][1]["id"]
    raw["cells"][2]["id"] = raw["cells"][3]["id"]
    raw["cells"][4]["metadata"] = {"collapsed": True, "slideshow": {"slide_type": "-"}}
    raw["metadata"]["widgets"] = {"state": 1}
    path.write_text(json.dumps(raw))

    assert refresh.main([str(path)], path.parents[1]) == 0
    first = path.read_bytes()
    assert refresh.main(["1"], path.parents[1]) == 0
    assert path.read_bytes() == first
    changed, same = capsys.readouterr().out.splitlines()
    assert "changed, has stderr output" in changed
    assert "same, has stderr output" in same

    notebook = nbformat.reads(first.decode(), as_version=4)
    nbformat.validate(notebook)
    assert first.endswith(b"}\n")
    assert b"\\r" not in first
    assert b"widget-view" not in first
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "Binder" in notebook.cells[0].source
    code = notebook.cells[1:]
    assert [cell.execution_count for cell in code] == [1, None, 2, 3, 4]
    assert code[0].id == "cell-2"
    assert len({cell.id for cell in code}) == len(code)
    assert code[3].metadata == {"slideshow": {"slide_type": "-"}}
    out, err, result = code[3].outputs
    assert (out.name, out.text) == ("stdout", "a\nc\n")
    assert (err.name, err.text) == ("stderr", "b\n")
    assert result.execution_count == 3


def test_a_measured_time_stays_until_another_output_changes(course):
    clock = new_code_cell("import time\ntime.perf_counter()")
    clock.metadata["tags"] = ["nbval-ignore-output"]
    path = course("x = 1\nx", clock)
    root = path.parents[1]

    def shown():
        assert refresh.main(["1"], root) == 0
        cells = nbformat.read(path, as_version=4).cells
        return [cell.outputs[0].data["text/plain"] for cell in cells]

    first = shown()
    assert shown() == first
    path.write_text(path.read_text().replace("x = 1", "x = 2"))
    value, time = shown()
    assert value == "2"
    assert time != first[1]


def test_a_failing_cell_is_told_plainly_and_leaves_the_file_as_it_was(course, capsys):
    path = course("x = 1", "\n# why\nraise ValueError('no bits')")
    other = course("x = 2", name="02_two.ipynb")
    before, other_before = path.read_bytes(), other.read_bytes()
    assert refresh.main([], path.parents[1]) == 1
    said = capsys.readouterr().out
    assert "01_one.ipynb: In [2] `# why` failed: ValueError: no bits" in said
    assert "\x1b" not in said
    assert path.read_bytes() == before
    assert other.read_bytes() != other_before  # the others are run all the same
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, other.name]


def test_an_unknown_notebook_is_answered_with_the_list(course, capsys):
    path = course("x = 1")
    assert refresh.main(["07"], path.parents[1]) == 1
    assert "There is no notebook `07`" in capsys.readouterr().err


def test_prints_are_joined_however_the_kernel_cut_them():
    def stream(name, text):
        return {"output_type": "stream", "name": name, "text": text}

    shown = {"output_type": "display_data"}
    pieces = [stream("stdout", "a"), stream("stderr", "!"), stream("stdout", "b")]
    whole = [stream("stdout", "ab"), stream("stderr", "!")]
    assert refresh.merge_streams([*pieces, shown, stream("stdout", "c")]) == [
        *whole,
        shown,
        stream("stdout", "c"),
    ]
