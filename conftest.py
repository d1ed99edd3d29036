"""The course's options, and what nbval leaves out: the numbers that a figure shows.

nbval ignores images, for pixels differ from machine to machine. Each figure of the
course carries its plotted data in its output's metadata (`qlib.plots.picture`): after a
cell has run, these are compared with the stored ones.
"""

from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

from tests.figure_data import figures, first_difference


def pytest_addoption(parser):
    """Let every notebook be opened in a browser, and keep a picture of each page."""
    group = parser.getgroup("course")
    group.addoption(
        "--browser",
        action="store_true",
        help="open every notebook in a browser, and check slides and web edition",
    )
    group.addoption(
        "--pictures",
        type=Path,
        help="keep a picture of each page that a browser shows in this folder",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Run the test; of a notebook's cell, compare what its figures show as well."""
    if isinstance(item, IPyNbCell):
        item.output_timeout = 60  # s; nbval's 5 are too short where a core is busy
    result = yield
    if isinstance(item, IPyNbCell):
        stored, fresh = figures(item.cell.outputs), figures(item.test_outputs or [])
        problem = first_difference(stored, fresh)
        ignored = "nbval-ignore-output" in item.cell.metadata.get("tags", [])
        if problem and not ignored:
            pytest.fail(f"{item.parent.name}, {item.name}: {problem}", pytrace=False)
    return result
