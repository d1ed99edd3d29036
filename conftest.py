"""The course's options, and what nbval leaves out: figures' numbers, and memory.

nbval ignores images, for pixels differ from machine to machine. Each figure of the
course carries its plotted data in its output's metadata (`qlib.plots.picture`): after a
cell has run, these are compared with the stored ones. After a notebook's last cell, the
most memory that its kernel has held is compared with its limit and with the README.
"""

import os
import signal
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

from tests.figure_data import figures, first_difference
from tests.lesson_memory import problem_with_memory
from tools.peak import peak_memory


def pytest_addoption(parser):
    """Let every notebook be opened in a browser, and keep a picture of each page."""
    group = parser.getgroup("course")
    group.addoption(
        "--browser",
        action="store_true",
        help="open all notebooks in a browser, not three; check slides and web edition",
    )
    group.addoption(
        "--pictures",
        type=Path,
        help="keep a picture of each page that a browser shows in this folder",
    )


def pytest_configure():
    """Let tests of Ctrl-C work in a background job too: a shell has it ignored there.

    What this process ignores, the programs that it starts would ignore as well.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers(config):
    """Run two files at a time where everything is run, and a part in one process.

    More than two would want more memory than a small computer has.
    """
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min(2, os.cpu_count() or 1) if everything else 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Run the test; of a notebook's cell, look at its figures and memory as well."""
    if not isinstance(item, IPyNbCell):
        return (yield)
    item.output_timeout = 60  # s; nbval's 5 are too short where a core is busy
    result = yield
    stored, fresh = figures(item.cell.outputs), figures(item.test_outputs or [])
    problem = first_difference(stored, fresh)
    ignored = "nbval-ignore-output" in item.cell.metadata.get("tags", [])
    if problem and not ignored:
        pytest.fail(f"{item.parent.name}, {item.name}: {problem}", pytrace=False)
    if item.cell is [c for c in item.parent.nb.cells if c.cell_type == "code"][-1]:
        peak = peak_memory(item.parent.kernel.km.provisioner.pid)
        item.user_properties.append(("peak memory in GiB", peak))
        if problem := problem_with_memory(item.path, peak):
            pytest.fail(problem, pytrace=False)
    return result
