"""Every notebook's first cell: Colab fetches the course, elsewhere nothing happens."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.notebooks import ALL, ROOT, cells, name
from tools import colab, links

PRETEND = "import sys; sys.modules['google.colab'] = sys\n"  # a module, whichever
SAY = "\nimport qlib.linear; print(qlib.__file__, qlib.linear.params_for([0.0, 1.0]))"


@pytest.mark.parametrize("path", ALL, ids=name)
def test_every_notebook_begins_with_it(path):
    first = cells(path, "code")[0]
    assert first.source == colab.first_cell(path.stem, links.repository(ROOT))
    assert colab.TAG in first.metadata.tags
    assert first.metadata.jupyter.source_hidden
    assert not first.outputs


def test_lessons_that_import_tensorflow_ask_for_it():
    for path in ALL:
        code = "\n".join(cell.source for cell in cells(path, "code"))
        if re.search(
            r"qlib\.(training|qat|tfmot_qat|conversion)|import.* conversion", code
        ):
            assert "prepare(tensorflow=True)" in code, path.name
    assert colab.first_cell("01_one", None).endswith("prepare()")


@pytest.fixture
def published(tmp_path):
    """A repository that holds the package and the tools, as GitHub would."""
    place = tmp_path / "published"
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("qlib", "tools"):
        shutil.copytree(ROOT / folder, place / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", place)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "One"]):
        subprocess.run(["git", *who, *words], cwd=place, check=True)
    return place


def run(code, folder):
    """Run code in a folder with no course in it, as a notebook's kernel would."""
    empty = folder / "content"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=empty,
        env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
    )


def cell(address):
    """Return the cell with any address; what is installed is not its matter here."""
    source = colab.first_cell("01_one", ("owner/name", "main"))
    return source.replace("https://github.com/owner/name", address)


@pytest.mark.skipif(shutil.which("git") is None, reason="Colab has git")
def test_on_colab_the_package_comes_from_the_copy_twice_in_a_row(published, tmp_path):
    for _ in range(2):  # a session that is started again finds the folder
        done = run(PRETEND + cell(published.as_uri()) + SAY, tmp_path)
        assert done.returncode == 0, done.stderr
        assert "content/course/qlib/__init__.py" in done.stdout.replace("\\", "/")
        assert "QuantParams(scale" in done.stdout


def test_elsewhere_it_does_nothing(tmp_path):
    see = "import sys; before = sys.path[:], set(sys.modules)\n"
    same = "\nprint(before == (sys.path, set(sys.modules)))"
    done = run(see + cell("https://example.invalid/no") + same, tmp_path)
    assert done.stdout == "True\n"
    assert not list((tmp_path / "content").iterdir())


def test_without_an_address_colab_says_what_is_missing(tmp_path):
    done = run(PRETEND + colab.first_cell("01_one", None), tmp_path)
    assert "The course has no address yet" in done.stderr


def test_what_colab_lacks_is_installed_and_nothing_else(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(subprocess, "run", lambda words, check: asked.append(words))
    monkeypatch.setattr(colab, "requirements", lambda tensorflow: ["numpy>=2"])
    colab.prepare()
    assert asked == []
    monkeypatch.setattr(colab, "requirements", lambda t: ["numpy>=2", "nought>=1"])
    colab.prepare()
    assert asked[0][1:] == ["-m", "pip", "install", "-q", "nought>=1"]
    assert capsys.readouterr().out == "Installing nought>=1\n"
    monkeypatch.setattr(colab, "requirements", lambda tensorflow: ["numpy>=999"])
    colab.prepare()
    assert "Restart session" in capsys.readouterr().out  # it is loaded already


def test_the_requirements_are_those_of_pyproject():
    stated = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    everything = stated["project"]["dependencies"]
    assert set(everything) - set(colab.requirements(True)) == {"jupyterlab>=4.4"}
    left = set(colab.requirements(True)) - set(colab.requirements(False))
    assert {each.partition(">=")[0] for each in left} == set(colab.HEAVY)
    assert json.dumps(everything).count(">=") == len(everything)  # the one form known
