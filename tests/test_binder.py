"""What Binder would build: repo2docker reads this folder, without Docker."""

import importlib.util
import re
import subprocess
import sys

import pytest

from tests.notebooks import LESSONS, ROOT


@pytest.fixture(scope="module")
def plan():
    """What repo2docker says that it would do."""
    if importlib.util.find_spec("repo2docker") is None:
        pytest.skip("repo2docker is locked for Linux only")
    command = [sys.executable, "-m", "repo2docker"]
    command += ["--no-build", "--no-run", "--debug", "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_binder_builds_from_environment_yml_with_its_python(plan):
    text = (ROOT / "environment.yml").read_text("utf-8")
    python = re.search(r"- python=(\S+)", text)[1]
    assert f"Building conda environment for python={python}" in plan
    assert re.search(r'env update .*--file "environment.yml"', plan)


def test_binder_runs_post_build_once(plan):
    assert re.findall(r"(?m)^RUN \./postBuild", plan) == ["RUN ./postBuild"]


def test_the_greeting_leads_to_the_first_lesson():
    greeting = (ROOT / "BINDER.md").read_text("utf-8")
    assert f"](work/{LESSONS[0].name})" in greeting
