"""pyproject.toml, requirements.txt, environment.yml and this Python say the same."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements.txt").read_text("utf-8")
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORMS = {
    "Linux": {
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_machine": "x86_64",
    },
    "Mac": {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
}
# A new environment has these of itself; nothing of the course needs them.
NOT_LOCKED = {"pip", "setuptools", "wheel"}


def locked(python=None, platform=None):
    """Return {name: version} of the lock, for one Python and platform or for this."""
    place = {}
    if python:
        place = {"python_version": python, "python_full_version": f"{python}.9"}
        place |= PLATFORMS[platform]
    found = {}
    for line in LOCK.replace("\\\n", " ").splitlines():
        pinned, _, _ = line.partition(" --hash=")
        requirement = Requirement(pinned)
        if requirement.marker is None or requirement.marker.evaluate(place):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is locked twice"
            (version,) = requirement.specifier
            assert version.operator == "=="
            found[name] = version.version
    return found


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_inside_its_range(python, platform):
    versions = locked(python, platform)
    wanted = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["test"]
    for requirement in map(Requirement, wanted):
        if requirement.marker and not requirement.marker.evaluate(PLATFORMS[platform]):
            continue
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not in requirements.txt"
        assert requirement.specifier.contains(version), (requirement, version)


def test_one_version_of_everything_serves_all_pythons():
    lines = re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE)
    assert len(lines) == len({canonicalize_name(name) for name in lines})


def test_the_supported_pythons_are_the_same_everywhere():
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    minors = [f"3.{n}" for n in range(8, 20)]
    assert tuple(minor for minor in minors if allowed.contains(minor)) == PYTHONS
    door = (ROOT / "course.py").read_text("utf-8")
    assert "OLDEST, NEWEST = (3, 11), (3, 13)" in door


def test_every_locked_package_has_a_hash():
    for line in LOCK.replace("\\\n", " ").splitlines():
        hashes = re.findall(r"--hash=(\S+)", line)
        assert hashes, line
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", item) for item in hashes), line


def test_the_lock_names_no_address_and_no_folder():
    assert not re.search(r"://|\.(org|com|net|io)\b|^-|/|@", LOCK, re.MULTILINE)


def test_conda_gets_a_fitting_python_pip_and_the_same_lock():
    text = (ROOT / "environment.yml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = re.fullmatch(
        r"name: qlib-course\n"
        r"channels:\n  - conda-forge\n  - nodefaults\n"
        r"dependencies:\n"
        r"  - python=(3\.\d+)\n"
        r"  - pip\n"
        r"  - pip:\n      - -r requirements\.txt",
        "\n".join(lines),
    )
    assert found, "environment.yml holds something else"
    assert found[1] in PYTHONS


def test_what_is_installed_is_exactly_the_lock():
    # A fresh Python is asked: what other tests import may put setuptools' own copies of
    # packages in its path.
    list_all = (
        "import importlib.metadata as m, json; print(json.dumps("
        "[(d.metadata['Name'], d.version) for d in m.distributions()]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", list_all], capture_output=True, text=True, check=True
    )
    here = {canonicalize_name(name): v for name, v in json.loads(done.stdout)}
    here = {name: v for name, v in here.items() if name not in NOT_LOCKED}
    expected = {name: v for name, v in locked().items() if name not in NOT_LOCKED}
    assert here == expected


def test_markers_are_understood():
    assert not Marker("os_name == 'nt'").evaluate({"os_name": "posix"})
