"""Notebooks in a real browser: all of them with --browser, a few without."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks import ALL, LESSONS, ROOT, name
from tools import browser
from tools.refresh import METADATA
from tools.served import Lab

FEW = [path for path in LESSONS if path.name[:2] in ("00", "01", "11")]  # light ones


def pytest_generate_tests(metafunc):
    """Give each notebook to the test that visits one: all of them, or a few."""
    if "lesson" in metafunc.fixturenames:
        paths = ALL if metafunc.config.getoption("--browser") else FEW
        metafunc.parametrize("lesson", paths, ids=name)


@pytest.fixture(scope="module")
def lab(chromium):
    """A JupyterLab on copies of all notebooks."""
    with Lab() as started:
        yield started


@pytest.fixture(scope="module")
def pictures(request, tmp_path_factory):
    """The folder where a picture of each page is kept."""
    return request.config.getoption("--pictures") or tmp_path_factory.mktemp("pages")


def test_a_notebook_runs_draws_moves_and_asks_the_network_for_nothing(
    chromium, lab, pictures, lesson, record_property
):
    inside = lesson.relative_to(ROOT / "notebooks").as_posix()
    kept = browser.picture_of(inside, pictures)
    seen = browser.visit(chromium, lab, inside, kept)
    print(seen)
    record_property("redraws in ms", seen.redraws)
    assert seen.problems == []
    assert kept.stat().st_size > 20_000
    assert seen.counts["sliders"] == len(seen.redraws)
    assert seen.counts["sliders"] or lesson not in LESSONS


# What the visit itself would notice

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
)
PIXEL += "AABJRU5ErkJggg=="
SLIDER = f"""\
import base64, ipywidgets
slider = ipywidgets.IntSlider(description="bits", max=3)
image = ipywidgets.Image(value=base64.b64decode("{PIXEL}"), width=50, height=50)
ipywidgets.VBox([slider, image])"""
MOVES = """\
from qlib.plots.live import explore
from qlib.plots.picture import picture
from matplotlib.figure import Figure
@picture
def draw(n):
    figure = Figure(figsize=(2, 2))
    figure.subplots().plot([0, n])
    return figure, "A line."
explore(draw, n=ipywidgets.IntSlider(value=3, max=3))"""
WELL = [
    new_markdown_cell("# One\n\n$$x = \\frac{1}{2}$$ and $q$, `$$` for 5 $ or 6"),
    new_markdown_cell("```mermaid\nflowchart LR\n  real --> code\n```"),
    new_code_cell("import ipywidgets\n1 + 1"),
    new_code_cell(MOVES),
]
ILL = [
    new_markdown_cell(
        "# Two\n\n![gone](gone.png) ![far](https://example.invalid/a.png)"
    ),
    new_markdown_cell("```mermaid\nnonsense\n```\n\n$$\\frac{1$$"),
    new_markdown_cell("$\\frac{1}$ and $\\nope$"),
    new_code_cell("import sys\nprint('careful', file=sys.stderr)"),
    new_code_cell(SLIDER),
    new_code_cell("from IPython.display import HTML\nHTML('<img src=\"no.png\">')"),
    new_code_cell("1 / 0"),
    new_code_cell("'never run'"),
]


@pytest.fixture
def visit(chromium, tmp_path):
    """Return a function that visits a notebook made of cells."""

    def call(cells):
        (tmp_path / "notebooks").mkdir()
        notebook = new_notebook(cells=cells, metadata=METADATA)
        nbformat.write(notebook, tmp_path / "notebooks" / "a.ipynb")
        with Lab(tmp_path) as started:
            return browser.visit(chromium, started, "a.ipynb", None)

    return call


def test_a_notebook_that_is_well_has_no_problem(visit):
    seen = visit(WELL)
    assert seen.problems == []
    assert seen.counts["formulas"] == 2
    assert seen.counts["diagrams"] == 1
    assert list(seen.redraws) == ["n"]


def test_whatever_is_wrong_with_a_notebook_is_told(visit):
    told = "\n".join(visit(ILL).problems)
    for what in (
        "not all cells have run",
        "error output: careful",
        "error output: ZeroDivisionError",
        "broken image: gone",
        "broken image: far",
        "red on the console: Failed to load resource",
        "asked the network for https://example.invalid/a.png",
        "diagram that is not drawn: nonsense",
        "maths that is not drawn: $$",
        "maths that is not drawn: \\nope",
        "slider `bits` does not change its picture",
    ):
        assert what in told, what


@pytest.mark.skipif("not sys.platform.startswith('linux')", reason="asks the PATH")
def test_without_a_browser_one_sentence_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(browser, "find_browser", lambda: None)
    reason = browser.why_not()
    assert reason.startswith("There is no browser test without")
    assert reason.count(". ") == 0
