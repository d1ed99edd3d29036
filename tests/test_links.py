"""The Binder and Colab links follow from one setting, and from nothing else."""

import json

import pytest

from tools import links
from tools.files import CourseError

NOTEBOOK = {
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": ["# One\n", "\n", "<!-- links -->old<!-- /links -->\n", "é"],
        },
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "b",
            "metadata": {},
            "outputs": [],
            "source": ["'<!-- links -->code<!-- /links -->'"],
        },
        {
            "cell_type": "code",
            "execution_count": None,
            "id": "c",
            "metadata": {"tags": ["colab"]},
            "outputs": [],
            "source": ["old"],
        },
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture
def course(tmp_path):
    """A checkout with a README, a lesson and its solution; returns (root, set)."""
    (tmp_path / "README.md").write_text("Hi\n<!-- links -->\nold\n<!-- /links -->\n")
    text = json.dumps(NOTEBOOK, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    for name in ("01_one.ipynb", "solutions/01_one.ipynb"):
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def publish(address, branch="main"):
        setting = f"repository = {json.dumps(address)}\nbranch = {json.dumps(branch)}"
        (tmp_path / "pyproject.toml").write_text(f"[tool.course]\n{setting}\n")
        return tmp_path

    return publish


def test_without_an_address_words_stand_and_no_link(course):
    root = course("")
    assert links.main([], root) == 0
    for name in ("README.md", "notebooks/01_one.ipynb"):
        text = (root / name).read_text("utf-8")
        assert "appear here once" in text
        assert "](http" not in text


def test_with_an_address_each_notebook_has_its_own_links(course):
    root = course("https://github.com/owner/name")
    links.main([], root)
    text = (root / "notebooks/solutions/01_one.ipynb").read_text("utf-8")
    binder = "mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/work/solutions/01_one"
    colab = "github/owner/name/blob/main/notebooks/solutions/01_one.ipynb"
    assert f"https://{binder}.ipynb)" in text
    assert f"https://colab.research.google.com/{colab})" in text


def test_the_readme_opens_the_greeting_on_binder(course):
    root = course("https://github.com/owner/name.git", "part/2")
    links.main([], root)
    text = (root / "README.md").read_text()
    assert "/v2/gh/owner/name/part%2F2?urlpath=lab/tree/BINDER.md)" in text
    assert "/github/owner/name/blob/part/2/notebooks/01_one.ipynb)" in text


def test_a_second_run_changes_nothing_and_unsetting_brings_the_words_back(course):
    root = course("")
    links.main([], root)
    paths = [root / "README.md", *root.rglob("*.ipynb")]
    unset = [path.read_bytes() for path in paths]
    course("https://github.com/owner/name")
    links.main([], root)
    published = [path.read_bytes() for path in paths]
    links.main([], root)
    assert [path.read_bytes() for path in paths] == published
    assert all(a != b for a, b in zip(unset, published, strict=True))
    course("")
    links.main([], root)
    assert [path.read_bytes() for path in paths] == unset


def test_only_what_is_marked_is_touched(course):
    root = course("https://github.com/owner/name")
    links.main([], root)
    notebook = json.loads((root / "notebooks/01_one.ipynb").read_text("utf-8"))
    assert notebook["cells"][1] == NOTEBOOK["cells"][1]
    first = "".join(notebook["cells"][0]["source"])
    assert first.startswith("# One\n\n<!-- links -->\n\nOpen")
    assert first.endswith("\n\n<!-- /links -->\né")
    assert "first cell" in first
    fetched = "".join(notebook["cells"][2]["source"])
    assert 'COURSE, BRANCH = "https://github.com/owner/name", "main"' in fetched


@pytest.mark.parametrize(
    "address",
    [
        "github.com/owner/name",
        "http://github.com/owner/name",
        "https://github.com/owner",
        "https://github.com/owner/name/tree/main",
        "https://example.org/owner/name",
        "https://github.com/owner/na me",
        7,
    ],
)
def test_anything_but_such_an_address_is_refused_by_name(course, address):
    with pytest.raises(CourseError, match=r"`repository` in pyproject\.toml is"):
        links.main([], course(address))


@pytest.mark.parametrize("branch", ["", "a b", "../x y", 3])
def test_a_branch_must_be_a_branch(course, branch):
    with pytest.raises(CourseError, match=r"`branch` in pyproject\.toml is"):
        links.main([], course("https://github.com/owner/name", branch))
