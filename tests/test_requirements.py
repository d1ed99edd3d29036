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
LOCKS = {  # what is locked in each file
    "requirements.txt": PROJECT["project"]["dependencies"]
    + PROJECT["dependency-groups"]["test"],
    "requirements-web.txt": PROJECT["dependency-groups"]["web"],
}
TEXTS = {file: (ROOT / file).read_text("utf-8") for file in LOCKS}
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


each_lock = pytest.mark.parametrize("file", LOCKS)


def locked(python=None, platform=None, file="requirements.txt"):
    """Return {name: version} of a lock, for one Python and platform or for this."""
    place = {}
    if python:
        place = {"python_version": python, "python_full_version": f"{python}.9"}
        place |= PLATFORMS[platform]
    found = {}
    for line in TEXTS[file].replace("\\\n", " ").splitlines():
        pinned, _, _ = line.partition(" --hash=")
        requirement = Requirement(pinned)
        if requirement.marker is None or requirement.marker.evaluate(place):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is locked twice"
            (version,) = requirement.specifier
            assert version.operator == "=="
            found[name] = version.version
    return found


@each_lock
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_locked_inside_its_range(python, platform, file):
    versions = locked(python, platform, file)
    for requirement in map(Requirement, LOCKS[file]):
        if requirement.marker and not requirement.marker.evaluate(PLATFORMS[platform]):
            continue
        version = versions.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not in {file}"
        assert requirement.specifier.contains(version), (requirement, version)


@each_lock
def test_one_version_of_everything_serves_all_pythons(file):
    lines = re.findall(r"^([\w.-]+)==", TEXTS[file], re.MULTILINE)
    assert len(lines) == len({canonicalize_name(name) for name in lines})


def test_the_supported_pythons_are_the_same_everywhere():
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    minors = [f"3.{n}" for n in range(8, 20)]
    assert tuple(minor for minor in minors if allowed.contains(minor)) == PYTHONS
    door = (ROOT / "course.py").read_text("utf-8")
    assert "OLDEST, NEWEST = (3, 11), (3, 13)" in door


@each_lock
def test_every_locked_package_has_a_hash(file):
    for line in TEXTS[file].replace("\\\n", " ").splitlines():
        hashes = re.findall(r"--hash=(\S+)", line)
        assert hashes, line
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", item) for item in hashes), line


@each_lock
def test_a_lock_names_no_address_and_no_folder(file):
    addresses = r"://|\.(org|com|net|io)\b|^-|/|@"
    assert not re.search(addresses, TEXTS[file], re.MULTILINE)


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
