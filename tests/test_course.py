"""`course.py`: whom it refuses, how it sets up, and that it loses nobody's work."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tools import commands, copies, environment, lock
from tools.environment import Environment
from tools.files import CourseError, sha256
from tools.pip_output import Progress, why_pip_failed
from tools.places import moved_script

ROOT = Path(__file__).resolve().parent.parent
FRONT_DOOR = runpy.run_path(str(ROOT / "course.py"))


def other_pythons():
    """Return each other Python of this computer as (version, path)."""
    found = {}
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep)]
    folders += Path.home().glob(".pyenv/versions/*/bin")
    for folder in folders:
        if "shims" in folder.parts:
            continue  # a launcher, not a Python
        for minor in ["2.7", *(f"3.{n}" for n in range(4, 16))]:
            path = folder / f"python{minor}"
            if path.is_file() and minor not in found:
                found[minor] = path
    return sorted(found.items())


def wheel(folder):
    """Make a tiny package to install, and return the line that locks it."""
    path = folder / "tiny_thing-1.0-py3-none-any.whl"
    info = "tiny_thing-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_thing.py", "answer = 42\n")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0"
        )
        archive.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{info}/RECORD", "")
    return f"tiny-thing==1.0 --hash=sha256:{sha256(path.read_bytes())}\n"


@pytest.fixture
def checkout(tmp_path):
    """A checkout in miniature, its path as awkward as a student's may be."""
    root = tmp_path / "mon dépôt"
    root.mkdir()
    shutil.copy(ROOT / "course.py", root)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tools", root / "tools", ignore=ignore)
    (root / "qlib").mkdir()
    (root / "qlib" / "__init__.py").write_text("")
    (root / "requirements.txt").write_text(wheel(tmp_path))
    return root


@pytest.fixture
def run(checkout, tmp_path):
    """Run the miniature's course.py from another folder, in a hostile environment."""

    def call(*args, **variables):
        hostile = {
            "PYTHONPATH": "/nowhere",
            "VIRTUAL_ENV": "/nowhere",
            "PIP_TARGET": str(tmp_path / "elsewhere"),
            "PIP_USER": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(tmp_path),
        }
        return subprocess.run(
            [sys.executable, checkout / "course.py", *args],
            cwd=tmp_path,
            env=os.environ | hostile | variables,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
        )

    return call


@pytest.fixture
def roomy(monkeypatch):
    """A disk with enough room, whatever the computer has."""
    usage = shutil.disk_usage("/")._replace(free=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)


# Which Python may run it


@pytest.mark.parametrize("version", [(2, 7), (3, 6), (3, 10), (3, 14)])
def test_an_unfitting_version_is_told_what_is_found_and_what_is_needed(version):
    sentence = FRONT_DOOR["why_unfit"](version, 64, "Linux", "x86_64")
    assert f"Python {version[0]}.{version[1]}, and" in sentence
    assert "3.11, 3.12 or 3.13" in sentence


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_a_fitting_version_is_let_in(version):
    assert FRONT_DOOR["why_unfit"](version, 64, "Linux", "x86_64") is None
    assert FRONT_DOOR["why_unfit"](version, 64, "Darwin", "arm64") is None


def test_a_32_bit_python_and_an_intel_mac_are_named():
    assert "64-bit" in FRONT_DOOR["why_unfit"]((3, 12), 32, "Windows", "x86")
    assert "Intel Mac" in FRONT_DOOR["why_unfit"]((3, 12), 64, "Darwin", "x86_64")


def test_the_file_run_under_a_faked_version_ends_with_status_1_and_no_traceback():
    program = "import sys, runpy; sys.version_info = (3, 9, 1, 'final', 0); "
    program += "sys.argv = ['course.py', 'lab']; "
    program += f"runpy.run_path({str(ROOT / 'course.py')!r}, run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("This is Python 3.9, and the course needs")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("version", "python"), other_pythons())
def test_every_other_python_of_this_computer_gets_usage_or_a_sentence(version, python):
    done = subprocess.run(
        [python, ROOT / "course.py"],
        env={"PATH": ""},  # the search for a fitting Python has its own test
        capture_output=True,
        text=True,
    )
    if done.returncode and "Error while finding" in done.stderr:
        pytest.skip("this Python does not start")
    if version in ("3.11", "3.12", "3.13"):
        assert done.returncode == 0
        assert "course.py lab" in done.stdout
    else:
        assert done.returncode == 1
        assert done.stderr.startswith(f"This is Python {version}, and")


@pytest.mark.skipif(os.name == "nt", reason="the test makes a command of a script")
def test_a_fitting_python_on_the_path_is_tried_and_offered(tmp_path, monkeypatch):
    for name, script in (
        ("python3.13", "echo no such version >&2; exit 127"),
        ("python3.12", "echo '(3, 12)'"),
    ):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert FRONT_DOOR["fitting_python"]() == ["python3.12"]


def test_the_file_keeps_to_the_grammar_of_old_pythons():
    old = dict(other_pythons()).get("2.7")
    if old is None:
        pytest.skip("no Python 2.7 here")
    program = "import ast, sys; ast.parse(open(sys.argv[1]).read())"
    subprocess.run([old, "-c", program, ROOT / "course.py"], check=True)


# What is typed


def test_no_command_prints_the_usage_and_ends_well(capsys):
    assert FRONT_DOOR["main"]([]) == 0
    assert "course.py lab" in capsys.readouterr().out


def test_an_unknown_command_is_answered_with_the_closest_and_status_2(capsys):
    assert FRONT_DOOR["main"](["tset"]) == 2
    assert "There is no command `tset`. Did you mean" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(set(commands.COMMANDS) - {"copy"}))
def test_the_usage_names_every_command(name):
    assert f"course.py {name} " in FRONT_DOOR["USAGE"]


# Set-up


def test_a_set_up_installs_survives_the_environment_and_is_done_once(run, checkout):
    code = "import qlib, tiny_thing; print(tiny_thing.answer, qlib.__file__)"
    small = checkout / "tools" / "environment.py"
    text = small.read_text().replace("DISK_NEEDED = 4 * 10**9", "DISK_NEEDED = 0")
    small.write_text(text)
    first = run("run", "python", "-c", code)
    assert first.stdout.strip() == f"42 {checkout / 'qlib' / '__init__.py'}"
    assert first.stderr.startswith("Setting up .venv")
    assert "[  1/1] tiny-thing 1.0" in first.stderr
    started = time.monotonic()
    second = run("run", "python", "-c", code)
    assert time.monotonic() - started < 1.5  # 0.15 s on an idle computer
    assert (second.stdout, second.stderr) == (first.stdout, "")

    # The folder is moved: no second set-up, and no path back to the old place.
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    done = subprocess.run(
        [sys.executable, moved / "course.py", "run", "pip", "--version"],
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert str(moved) in done.stdout
    pth = next(moved.glob(".venv/**/qlib.pth"))
    assert pth.read_text() == f"{moved}\n"

    # Its Python has gone: the next run sees it.
    there = Environment(moved)
    assert there.is_ready()
    there.python.unlink()
    assert not there.is_ready()


def test_a_download_that_is_not_the_locked_one_is_refused_in_a_sentence(run, checkout):
    lines = checkout / "requirements.txt"
    lines.write_text(re.sub(r"sha256:....", "sha256:0000", lines.read_text()))
    small = checkout / "tools" / "environment.py"
    text = small.read_text().replace("DISK_NEEDED = 4 * 10**9", "DISK_NEEDED = 0")
    small.write_text(text)
    done = run("run", "python")
    assert done.returncode == 1
    assert "A download arrived damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Environment(checkout).is_ready()
    assert "DO NOT MATCH" in (checkout / ".venv-setup.log").read_text()


def ready_stamp(checkout):
    """Return a miniature whose set-up passes for finished, with this very Python."""
    there = Environment(checkout)
    there.bin.mkdir(parents=True)
    there.python.symlink_to(sys.executable)
    there.write_stamp()
    return there


def test_a_stamp_fits_until_the_lock_changes(checkout):
    there = ready_stamp(checkout)
    assert there.is_ready()
    there.requirements.write_text("other==1.0\n")
    assert not there.is_ready()


@pytest.mark.parametrize("damage", ["", "[]", "{}", "{"])
def test_a_half_written_stamp_counts_as_none(checkout, damage):
    there = ready_stamp(checkout)
    there.stamp.write_text(damage)
    assert not there.is_ready()


def test_another_minor_version_behind_the_same_python_is_noticed(checkout):
    there = ready_stamp(checkout)
    stamp = json.loads(there.stamp.read_text())
    there.stamp.write_text(json.dumps(stamp | {"python": "3.10"}))
    assert not there.is_ready()


def test_a_missing_venv_module_is_named_with_its_debian_package(checkout, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match="apt install python3-venv"):
        Environment(checkout).prepare()


def test_too_small_a_disk_is_refused_before_anything_is_made(checkout, monkeypatch):
    usage = shutil.disk_usage(checkout)._replace(free=10**9)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CourseError, match=r"1\.0 GB free, and the set-up needs 4 GB"):
        Environment(checkout).prepare()
    assert not (checkout / ".venv").exists()


def test_the_web_edition_has_an_environment_of_its_own(checkout, monkeypatch):
    own, web = Environment(checkout), Environment(checkout, environment.WEB)
    web.requirements.write_text("")
    for part in ("folder", "requirements", "lock", "log"):
        assert getattr(own, part) != getattr(web, part)
    ready_stamp(checkout)
    usage = shutil.disk_usage(checkout)._replace(free=10**8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CourseError, match=r"0\.1 GB free, and the set-up needs 1 GB"):
        web.prepare()
    assert own.is_ready()
    assert not web.folder.exists()


def test_a_read_only_checkout_is_told_to_copy_the_course(checkout, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(environment, "only_one", refuse)
    with pytest.raises(CourseError, match="Copy the course to a folder of your own"):
        Environment(checkout).prepare()


def test_a_venv_of_somebody_elses_making_is_put_aside(checkout, monkeypatch, roomy):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "mine").write_text("precious")
    monkeypatch.setattr(Environment, "_run", lambda *args: (1, "no venv"))
    with pytest.raises(CourseError, match="could not make"):
        Environment(checkout).prepare()
    (kept,) = checkout.glob(".venv-kept-*/mine")
    assert kept.read_text() == "precious"


def test_a_venv_that_cannot_be_removed_is_named(checkout, monkeypatch, roomy):
    (checkout / ".venv").mkdir()
    (checkout / ".venv-setup.log").touch()  # a set-up has begun here before

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(CourseError, match="cannot be removed"):
        Environment(checkout).prepare()


def test_ctrl_c_during_set_up_is_one_sentence_and_leaves_no_stamp(
    checkout, monkeypatch, capsys, roomy
):
    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "ROOT", checkout)
    monkeypatch.setattr(Environment, "_run", stop)
    assert commands.run("test", []) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "Stopped. Run the same command to start again."
    assert not Environment(checkout).is_ready()


HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="the test holds the lock in POSIX's way")
def test_a_second_set_up_waits_and_a_killed_holder_frees_the_lock(tmp_path, capsys):
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        with open(path, "a") as file:
            assert not lock.try_lock(file)
        holder.kill()
    with lock.only_one(path):
        pass
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk became full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "arrived damaged"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTI", "certificate"),
        ("ProxyError('Cannot connect to proxy.')", "proxy refused"),
        ("NewConnectionError: Failed to establish a new conn", "broke off"),
        ("Temporary failure in name resolution\nERROR: No matching dis", "broke off"),
        ("Read timed out.", "broke off"),
        ("IncompleteRead(5 bytes read, 7 more expected)", "broke off"),
        ("does not have Windows Long Path support enabled", "too long"),
        ("ERROR: No matching distribution found for numpy==2.4", "build of numpy"),
        ("PermissionError: [WinError 5] Access is denied", "not allowed to write"),
        ("ERROR: something new", "an error (something new)"),
    ],
)
def test_each_kind_of_failure_of_pip_has_its_sentence(words, sentence):
    assert sentence in why_pip_failed(words)


def test_the_counter_ends_at_its_total_where_markers_leave_packages_out(capsys):
    progress = Progress("a-b==1 --hash=x\nwin==2 ; os_name == 'nt'\nc==3\n")
    for line in (
        "Ignoring win: markers 'os_name == \"nt\"' don't match your environment",
        "Collecting a-b==1 (from -r requirements.txt (line 1))",
        "Collecting not-asked-for==9",
        "Processing /the school's/c-3-py3-none-any.whl (from -r /a-1/x (line 3))",
        "Installing collected packages: a-b, c",
    ):
        progress.read(line)
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["[  1/2] a-b 1", "[  2/2] c 3"]
    assert said[2].startswith("Unpacking 2 packages")


def test_a_moved_script_finds_its_python_where_the_new_path_has_spaces():
    old, new = b"/old/.venv", b"/new place/.venv"
    long = b"#!/bin/sh\n'''exec' \"/new place/.venv/bin/python\" \"$0\" \"$@\"\n' '''"
    assert moved_script(b"#!/old/.venv/bin/python\nx", old, new) == long + b"\nx"
    assert moved_script(long + b"\nx", new, old) == b"#!/old/.venv/bin/python\nx"
    assert moved_script(b"\0/old/.venv", old, new) == b"\0/old/.venv"


# The student's copies


@pytest.fixture
def lessons(tmp_path):
    """A checkout with three notebooks and a picture, all copied into work/."""
    for name in ("01_one.ipynb", "02_two.ipynb", "solutions/01_one.ipynb", "p.png"):
        path = tmp_path / "notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first {name}")
    assert copies.bring_copies(tmp_path) == []
    return tmp_path


def test_pictures_and_solutions_are_copied_with_the_lessons(lessons):
    for name in ("01_one.ipynb", "solutions/01_one.ipynb", "p.png"):
        assert (lessons / "work" / name).read_text() == f"first {name}"


def test_an_untouched_copy_follows_its_original(lessons):
    (lessons / "notebooks/01_one.ipynb").write_text("second")
    assert copies.bring_copies(lessons) == []
    assert (lessons / "work/01_one.ipynb").read_text() == "second"


def test_a_changed_copy_is_never_overwritten_and_news_is_told(lessons):
    (lessons / "work/01_one.ipynb").write_text("mine")
    assert copies.bring_copies(lessons) == []
    (lessons / "notebooks/01_one.ipynb").write_text("second")
    (note,) = copies.bring_copies(lessons)
    assert note.startswith("work/01_one.ipynb keeps your changes; `course.py reset 01`")
    assert (lessons / "work/01_one.ipynb").read_text() == "mine"


@pytest.mark.parametrize("damage", [None, "", "[1]", '{"01_one.ipynb": 7}'])
def test_without_a_memory_every_copy_that_differs_is_the_students(lessons, damage):
    memory = lessons / "work/.copied.json"
    memory.unlink() if damage is None else memory.write_text(damage)
    (lessons / "notebooks/01_one.ipynb").write_text("second")
    assert len(copies.bring_copies(lessons)) == 1
    assert (lessons / "work/01_one.ipynb").read_text() == "first 01_one.ipynb"


def test_reset_keeps_the_students_version_and_brings_a_fresh_one(lessons):
    (lessons / "work/01_one.ipynb").write_text("mine")
    assert "Your version is kept as work/kept/01_one-" in copies.reset(lessons, "1")
    assert (lessons / "work/01_one.ipynb").read_text() == "first 01_one.ipynb"
    (kept,) = (lessons / "work/kept").iterdir()
    assert re.fullmatch(r"01_one-\d{4}-\d\d-\d\d-\d{6}\.ipynb", kept.name)
    assert kept.read_text() == "mine"


def test_two_resets_in_one_second_keep_both_versions(lessons, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda form: "now")
    for text in ("mine", "mine too"):
        (lessons / "work/01_one.ipynb").write_text(text)
        copies.reset(lessons, "01")
    kept = sorted(path.read_text() for path in (lessons / "work/kept").iterdir())
    assert kept == ["mine", "mine too"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("01", "01_one.ipynb"),
        ("2", "02_two.ipynb"),
        ("02_two", "02_two.ipynb"),
        ("work/02_two.ipynb", "02_two.ipynb"),
        ("solutions/01", "solutions/01_one.ipynb"),
        ("solutions/01_one.ipynb", "solutions/01_one.ipynb"),
    ],
)
def test_a_notebook_is_found_by_number_stem_and_file(lessons, asked, found):
    assert copies.find(lessons, asked) == found


@pytest.mark.parametrize("asked", ["07", "", "nonsense", "../01_one"])
def test_an_unknown_notebook_is_answered_with_the_list(lessons, asked):
    with pytest.raises(CourseError, match=r"There are:\s+01_one\s+02_two\s+solutions"):
        copies.find(lessons, asked)
