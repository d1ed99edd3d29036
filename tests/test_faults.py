"""What goes wrong outside: damaged files, a full disk, Ctrl-C, no network, odd paths.

Each fault gets a clear sentence and leaves no half-written file; the next run mends it.
"""

import ast
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from qlib import data, flatbuffer
from qlib._files import replace_all
from qlib.data import WEIGHT_SHAPES, load_float_model, load_mnist, save_float_model
from tests.notebooks import ALL, cells
from tools import commands, copies, environment, links, refresh
from tools.environment import Environment
from tools.files import CourseError

ROOT = Path(__file__).resolve().parent.parent
POSIX = pytest.mark.skipif(os.name == "nt", reason="the test sends POSIX's signals")
FULL = OSError(errno.ENOSPC, "No space left on device")


def contents(folder):
    """Return every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class Faults:
    """Lets the disk fail, or somebody press Ctrl-C, at the n-th step of writing.

    A step is a file written (half of it is, at the fault), the same file renamed (the
    fault comes before or after), a folder made, or permissions set.
    """

    def __init__(self, monkeypatch):
        self.fault, self.left = None, -1
        for owner, name in (
            (Path, "write_bytes"),
            (Path, "mkdir"),
            (Path, "rename"),
            (Path, "chmod"),
            (os, "replace"),
        ):
            self.watch(monkeypatch, owner, name)

    def watch(self, monkeypatch, owner, name):
        whole = getattr(owner, name)

        def step(*args, **options):
            if name == "write_bytes":
                path, content = args
                if self.comes():
                    whole(path, content[: len(content) // 2])
                    raise self.fault
            elif not (name == "mkdir" and args[0].exists()):
                self.strike()
            whole(*args, **options)
            if name == "replace" and isinstance(self.fault, KeyboardInterrupt):
                self.strike()

        monkeypatch.setattr(owner, name, step)

    def comes(self):
        self.left -= 1
        return self.left == -1

    def strike(self):
        if self.comes():
            raise self.fault

    def at(self, n, fault):
        self.left, self.fault = n, fault

    @property
    def struck(self):
        return self.left < 0

    @contextlib.contextmanager
    def paused(self):
        """Let all go well for a while, without a step being counted."""
        left, self.left = self.left, -1
        yield
        self.left = left


@pytest.fixture
def faults(monkeypatch):
    return Faults(monkeypatch)


each_fault = pytest.mark.parametrize(
    "fault", [FULL, KeyboardInterrupt()], ids=["full disk", "Ctrl-C"]
)


def each_step(faults, fault):
    """Yield the number of each step; end after the first run that met no fault."""
    for n in range(200):
        faults.at(n, fault)
        yield n
        if not faults.struck:
            assert n > 1, "nothing was written"
            return
    raise AssertionError("the steps have no end")


# --- data files ----------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path):
    """A folder with the course's model and its record; digits are too large to copy."""
    for name in ("float_model.npz", "float_model.json", "mnist_qat_int8.json"):
        shutil.copyfile(data.DATA / name, tmp_path / name)
    return tmp_path


def test_two_files_that_changed_names_are_told_apart(copied):
    (copied / "mnist.npz").symlink_to(copied / "float_model.npz")
    with pytest.raises(ValueError, match=r"mnist\.npz: array 'x_train' is missing; it"):
        load_mnist(copied)
    (copied / "mnist.npz").unlink()
    (copied / "float_model.npz").unlink()
    (copied / "float_model.npz").symlink_to(data.DATA / "mnist.npz")
    with pytest.raises(ValueError, match=r"_model\.npz: array 'conv/kernel' is miss"):
        load_float_model(copied)
    for name in ("mnist.npz", "float_model.json"):
        with pytest.raises(ValueError, match=r"no \.tflite file"):
            flatbuffer.read_model(data.DATA / name)


def test_the_record_of_another_model_is_none(copied):
    os.replace(copied / "mnist_qat_int8.json", copied / "float_model.json")
    with pytest.raises(ValueError, match=r"float_model\.json: not a readable record"):
        load_float_model(copied)


def test_a_model_file_cut_anywhere_is_named_and_nothing_is_written(copied):
    path, content = copied / "float_model.npz", (data.DATA / "float_model.npz")
    content = content.read_bytes()
    for kept in (0, 1, 3, 30, 200, 5000, *np.linspace(1e4, len(content) - 1, 20)):
        path.write_bytes(content[: int(kept)])
        before = contents(copied)
        with pytest.raises(ValueError, match=r"float_model\.npz: .*git checkout data/"):
            load_float_model(copied)
        assert contents(copied) == before


def test_bytes_overwritten_anywhere_are_noticed_or_change_no_weight(copied):
    path, whole = copied / "float_model.npz", load_float_model()
    content = path.read_bytes()
    rng, noticed = np.random.default_rng(0), 0
    for start in rng.integers(0, len(content) - 8, 60):
        damaged = bytearray(content)
        damaged[start : start + 8] = rng.bytes(8)
        path.write_bytes(damaged)
        try:
            loaded = load_float_model(copied)
        except ValueError as error:
            assert "git checkout" in str(error)
            noticed += 1
        else:
            assert all((loaded[name] == whole[name]).all() for name in whole)
    assert noticed > 50


def test_read_only_files_in_a_read_only_folder_are_read_and_left_alone(copied):
    before = contents(copied)
    for path in copied.iterdir():
        path.chmod(0o444)
    copied.chmod(0o555)
    try:
        load_float_model(copied)
        assert contents(copied) == before
        if not os.access(copied, os.W_OK):  # root may write everywhere
            weights = load_float_model(copied)
            with pytest.raises(PermissionError):
                save_float_model(weights, {}, copied)
            assert contents(copied) == before
    finally:
        copied.chmod(0o755)


def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path):
    for load in (load_mnist, load_float_model):
        with pytest.raises(FileNotFoundError, match=r"there is no such file\. Restore"):
            load(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


@each_fault
def test_a_model_that_cannot_be_saved_leaves_the_old_one_and_no_pieces(
    tmp_path, faults, fault
):
    old, new = ({n: np.full(s, v, np.float32) for n, s in WEIGHT_SHAPES.items()}
                for v in (1, 2))  # fmt: skip
    save_float_model(old, {}, tmp_path)
    names = sorted(contents(tmp_path))
    for _ in each_step(faults, fault):
        with contextlib.suppress(OSError, KeyboardInterrupt):
            save_float_model(new, {}, tmp_path)
        assert sorted(contents(tmp_path)) == names
        try:
            assert load_float_model(tmp_path)["conv/bias"][0] in (1, 2)
        except ValueError as error:  # it struck between the two renames: that is told
            assert "is altered" in str(error)
        with faults.paused():
            save_float_model(old, {}, tmp_path)
        assert load_float_model(tmp_path)["conv/bias"][0] == 1


def test_a_full_disk_is_met_before_the_first_of_several_files_has_gone(
    tmp_path, faults
):
    paths = [tmp_path / name for name in "abc"]
    replace_all(dict.fromkeys(paths, b"old"))
    for n in range(3):
        faults.at(n, FULL)
        with pytest.raises(OSError, match="No space left"):
            replace_all(dict.fromkeys(paths, b"new ones"))
        assert contents(tmp_path) == dict.fromkeys("abc", b"old")


# --- a set-up that breaks off --------------------------------------------------------


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A course in miniature whose set-up takes all steps but runs neither venv nor pip.

    What they would make is made here: a Python, and a folder for packages.
    """
    root = tmp_path / "ein Ordner ü 量化"
    (root / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "overrides.json", root / "tools")
    (root / "requirements.txt").write_text("")
    usage = shutil.disk_usage("/")._replace(free=10**12)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    monkeypatch.setattr(Environment, "_run", made_by_hand)
    return root


def made_by_hand(self, command, lock, progress=None, more=None):
    self.log.write_text("")
    if "venv" in command:
        os.makedirs(self.bin)
        os.symlink(sys.executable, self.python)
        os.makedirs(environment.site_packages(self.folder))
        for name in ("pip", "jupyter"):
            script = self.bin / name
            script.write_text(f"#!{self.python}\n")
            os.chmod(script, 0o755)
    return 0, ""


def assert_whole(there):
    """Check that the environment is ready, at home, and has all of its parts."""
    assert there.is_ready()
    found = contents(there.folder)
    assert not [name for name in found if name.endswith(".tmp")]
    (pth,) = [text for name, text in found.items() if name.endswith("/qlib.pth")]
    assert pth.isascii() and pth.endswith(b"\n")
    overrides = (ROOT / "tools" / "overrides.json").read_bytes()
    assert found["share/jupyter/lab/settings/overrides.json"] == overrides
    assert json.loads(found[there.stamp.name])["root"] == str(there.root)
    if os.name != "nt":
        for script in (there.bin / "pip", there.bin / "jupyter"):
            assert os.access(script, os.X_OK)
            assert str(there.python) in script.read_text()


@each_fault
def test_a_set_up_that_breaks_off_at_any_step_is_mended_by_the_next(
    checkout, faults, fault
):
    there = Environment(checkout)
    for _ in each_step(faults, fault):
        try:
            there.prepare()
        except KeyboardInterrupt:
            assert fault is not FULL
        except CourseError as error:
            assert str(error).startswith("The disk is full. Make room")
        assert not list(checkout.rglob("*.tmp"))
        with faults.paused():
            there.prepare()
        assert_whole(there)
        assert not list(checkout.glob(".venv-kept-*"))
        shutil.rmtree(there.folder)


@pytest.mark.skipif(os.name == "nt", reason="on Windows a moved one is made anew")
@each_fault
def test_a_moved_environment_is_put_right_though_the_first_try_breaks_off(
    checkout, faults, fault, monkeypatch
):
    Environment(checkout).prepare()
    monkeypatch.setattr(Environment, "_set_up", lambda *args: pytest.fail("made anew"))
    for n in each_step(faults, fault):
        moved = checkout.with_name(f"moved {n}")
        os.rename(checkout, moved)
        checkout = moved
        there = Environment(moved)
        with contextlib.suppress(CourseError, KeyboardInterrupt):
            there.prepare()
        with faults.paused():
            there.prepare()
        assert_whole(there)


def other_requirements(there):
    there.requirements.write_text("# others\n")


def python_gone(there):
    there.python.unlink()


def python_from_a_folder_that_has_gone(there):
    there.python.unlink()
    there.python.symlink_to(there.root / "gone" / "python3")


def python_that_does_not_start(there):
    there.python.unlink()
    there.python.write_text("#!/bin/sh\nexit 1\n")
    there.python.chmod(0o755)


def half_made(there):
    there.stamp.unlink()
    shutil.rmtree(there.bin)


def only_the_stamp_is_left(there):
    stamp = there.stamp.read_text()
    shutil.rmtree(there.folder)
    there.folder.mkdir()
    there.stamp.write_text(stamp)


def an_empty_folder(there):
    shutil.rmtree(there.folder)
    there.folder.mkdir()


STALE = [
    other_requirements,
    python_gone,
    python_from_a_folder_that_has_gone,
    python_that_does_not_start,
    half_made,
    only_the_stamp_is_left,
    an_empty_folder,
]


@pytest.mark.parametrize("damage", STALE, ids=lambda d: d.__name__)
def test_a_stale_environment_is_made_anew_without_a_question(checkout, capsys, damage):
    there = Environment(checkout)
    there.prepare()
    (there.folder / "old").write_text("")
    capsys.readouterr()
    there.prepare()
    assert capsys.readouterr().err == "" and (there.folder / "old").exists()
    damage(there)
    there.prepare()
    assert capsys.readouterr().err.startswith("Setting up .venv")
    assert_whole(there)
    assert not (there.folder / "old").exists()
    assert not list(checkout.glob(".venv-kept-*"))


def test_without_a_network_the_set_up_says_so_and_makes_nothing_final(
    checkout, monkeypatch, capsys
):
    (checkout / "requirements.txt").write_text("tiny-thing==1.0 --hash=sha256:00\n")

    def unreachable(self, command, lock, progress=None, more=None):
        """Do the venv step by hand; let a real pip ask a port where nobody answers."""
        if "venv" in command:
            return made_by_hand(self, command, lock)
        words = ["--no-deps", "--index-url=http://127.0.0.1:9/", "--retries=1"]
        quiet = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        done = subprocess.run(
            [sys.executable, "-I", "-m", "pip", "download", *words, "tiny-thing==1.0"],
            capture_output=True,
            text=True,
            cwd=checkout,
            env=quiet | {"PIP_CONFIG_FILE": os.devnull},
        )
        return done.returncode, done.stdout + done.stderr

    monkeypatch.setattr(commands, "ROOT", checkout)
    monkeypatch.setattr(Environment, "_run", unreachable)
    assert commands.run("test", []) == 1
    said = capsys.readouterr().err
    assert "The download broke off or never began. Check the network connect" in said
    assert "Traceback" not in said
    assert not Environment(checkout).is_ready()


# --- copies and links that break off -------------------------------------------------


@pytest.fixture
def course(tmp_path):
    """A course with two notebooks, of which one has been changed in work/."""
    root = tmp_path / "ein Ordner ü 量化"
    for name in ("01_one.ipynb", "02_two.ipynb"):
        write_notebook(root / "notebooks" / name, "1 + 1", title=True)
    (root / "pyproject.toml").write_text("")
    (root / "README.md").write_text("<!-- links --><!-- /links -->\n")
    copies.bring_copies(root)
    (root / "work" / "02_two.ipynb").write_text("mine")
    return root


def write_notebook(path, *code, title=False):
    made = [new_code_cell(source) for source in code]
    if title:
        text = "# One\n<!-- links --><!-- /links -->"
        made.insert(0, nbformat.v4.new_markdown_cell(text))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=made), path)
    return path


@each_fault
def test_copies_that_break_off_lose_nothing(course, faults, fault):
    original = course / "notebooks" / "01_one.ipynb"
    for n in each_step(faults, fault):
        before, after = original.read_bytes(), original.read_bytes() + b"\n"
        (course / "notebooks" / f"{n + 3:02}_new.ipynb").write_text("new")
        original.write_text(after.decode(), "utf-8", newline="\n")
        with contextlib.suppress(OSError, KeyboardInterrupt):
            copies.bring_copies(course)
        work = contents(course / "work")
        assert work["02_two.ipynb"] == b"mine"
        assert work["01_one.ipynb"] in (before, after)
        assert not [name for name in work if name.endswith(".tmp")]
        with faults.paused():
            copies.bring_copies(course)
        work = contents(course / "work")
        assert work["01_one.ipynb"] == after
        assert work["02_two.ipynb"] == b"mine"
        assert work[f"{n + 3:02}_new.ipynb"] == b"new"


@each_fault
def test_a_reset_that_breaks_off_keeps_what_the_student_wrote(course, faults, fault):
    for n in each_step(faults, fault):
        mine = f"mine, take {n}"
        (course / "work" / "02_two.ipynb").write_text(mine)
        with contextlib.suppress(OSError, KeyboardInterrupt):
            copies.reset(course, "02")
        assert mine.encode() in contents(course / "work").values()
        with faults.paused():
            copies.reset(course, "02")
        work = contents(course / "work")
        assert mine.encode() in work.values()
        assert work["02_two.ipynb"] == contents(course)["notebooks/02_two.ipynb"]


@each_fault
def test_links_that_break_off_leave_every_file_whole(course, faults, fault, capsys):
    setting = '[tool.course]\nrepository = "https://github.com/owner/{0}"\n'
    for n in each_step(faults, fault):
        (course / "pyproject.toml").write_text(setting.format(f"take-{n}"))
        before = contents(course)
        with contextlib.suppress(OSError, KeyboardInterrupt):
            links.main([], course)
        found = contents(course)
        with faults.paused():
            links.main([], course)
        after = contents(course)
        assert found.keys() == before.keys()
        assert all(found[name] in (before[name], after[name]) for name in found)
        for name in ("README.md", "notebooks/01_one.ipynb", "notebooks/02_two.ipynb"):
            assert f"owner/take-{n}".encode() in after[name]


@pytest.mark.parametrize(
    ("name", "ends_with"),
    [
        ("copy", "No space left on device."),
        ("links", "No space left on device."),
    ],
)
def test_a_command_on_a_full_disk_is_one_sentence(
    course, faults, monkeypatch, capsys, name, ends_with
):
    (course / "notebooks" / "03_new.ipynb").write_text('{"cells": []}')
    monkeypatch.setattr(commands, "ROOT", course)
    monkeypatch.setattr(links, "ROOT", course)
    monkeypatch.setattr(links.main, "__defaults__", (course,))
    faults.at(0 if name == "links" else 1, FULL)
    assert commands.run(name, []) == 1
    assert faults.struck
    said = capsys.readouterr().err
    assert said.startswith(f"course.py {name} stopped: ")
    assert said.rstrip().endswith(ends_with) and said.count("\n") == 1


# --- a refresh that breaks off -------------------------------------------------------


@pytest.fixture
def without_kernels(monkeypatch):
    """Let every cell print how often the notebook was run, without a kernel."""
    runs = []

    def execute(notebook, folder):
        runs.append(folder)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                text = f"run {len(runs)}\n" * 200
                cell.outputs = [nbformat.v4.new_output("stream", text=text)]

    monkeypatch.setattr(refresh, "execute", execute)
    return runs


@each_fault
def test_a_refresh_that_breaks_off_leaves_the_old_bytes(
    course, faults, fault, without_kernels, capsys
):
    path = course / "notebooks" / "01_one.ipynb"
    names = sorted(contents(course))
    for _ in each_step(faults, fault):
        before = path.read_bytes()
        status = refresh.main(["01"], course)
        said = capsys.readouterr().out
        assert "Traceback" not in said
        assert sorted(contents(course)) == names
        json.loads(path.read_bytes())
        if fault is FULL and faults.struck:
            assert status == 1
            assert path.read_bytes() == before
            assert "01_one.ipynb: the disk is full: make room, then run the" in said
        elif faults.struck:
            assert status == 1 and "Stopped; 01_one.ipynb" in said
            whole = f"run {len(without_kernels)}".encode() in path.read_bytes()
            assert path.read_bytes() == before or whole
        with faults.paused():
            assert refresh.main(["01"], course) == 0
        assert f"run {len(without_kernels)}".encode() in path.read_bytes()
        capsys.readouterr()


@pytest.mark.parametrize("text", ["", '{"cells": [', "[]", '{"cells": [{}]}', "\xff"])
def test_a_damaged_notebook_is_named_and_the_others_are_refreshed(
    course, without_kernels, capsys, text
):
    path = course / "notebooks" / "01_one.ipynb"
    path.write_bytes(text.encode("latin-1"))
    assert refresh.main([], course) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("01_one.ipynb: the file is no whole notebook (")
    assert "Restore it with git checkout 01_one.ipynb" in said[0]
    assert said[1].startswith("02_two.ipynb") and said[1].endswith("changed")
    assert path.read_bytes() == text.encode("latin-1")


def test_links_name_a_damaged_notebook(course):
    (course / "notebooks" / "02_two.ipynb").write_text('{"cells": [')
    with pytest.raises(CourseError, match=r"02_two\.ipynb is no whole notebook .*git"):
        links.main([], course)


def test_a_folder_for_nothing_temporary_is_one_sentence(course, monkeypatch, capsys):
    def refuse(*args, **options):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(refresh.tempfile, "TemporaryDirectory", refuse)
    assert refresh.main([], course) == 1
    said = capsys.readouterr().err
    assert "No usable temporary directory" in said and said.count("\n") == 1


FIRST_TIME_SLOW = """\
import sys, time
from pathlib import Path
if not (root := Path.cwd().parent).joinpath("started").exists():
    (root / "started").touch()
    time.sleep(60)
sys.path.insert(0, str(root))
import qlib
print(root.name, qlib.answer)"""


def command(root, *words):
    return [sys.executable, "-m", "tools.refresh", *words], {
        "cwd": root,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,  # a kernel that is stopped may have last words
        "encoding": "utf-8",
        "env": os.environ | {"PYTHONIOENCODING": "utf-8"},
    }


def test_a_killed_kernel_is_told_plainly_and_leaves_the_file_as_it_was(course, capsys):
    path = course / "notebooks" / "01_one.ipynb"
    write_notebook(path, "x = 1", "import os\nos.kill(os.getpid(), 9)", "x")
    before = contents(course)
    assert refresh.main(["01"], course) == 1
    said = capsys.readouterr()
    assert said.out == (
        "01_one.ipynb: In [2] `import os` failed: the kernel died; was there too "
        "little memory? (the file is left as it was)\n"
    )
    assert said.err == ""
    assert contents(course) == before


@POSIX
def test_ctrl_c_in_a_running_cell_is_one_sentence_and_the_next_run_goes_well(course):
    tools_and_qlib(course)
    path = course / "notebooks" / "01_one.ipynb"
    write_notebook(path, FIRST_TIME_SLOW)
    before = path.read_bytes()
    words, options = command(course, "01")
    with subprocess.Popen(words, **options, start_new_session=True) as process:
        until = time.monotonic() + 60
        while not (course / "started").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.strip() == "Stopped; 01_one.ipynb is as it was."
    assert path.read_bytes() == before
    names = sorted(name.name for name in path.parent.iterdir())
    assert names == ["01_one.ipynb", "02_two.ipynb"]

    done = subprocess.run(words, **options, timeout=120)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("01_one.ipynb") and "changed" in done.stdout
    (output,) = nbformat.read(path, as_version=4).cells[0].outputs
    assert output.text == f"{course.name} 42\n"


def tools_and_qlib(root):
    """Put the tools, and a package to import, into a course in miniature."""
    shutil.copy(ROOT / "course.py", root)
    ignore = shutil.ignore_patterns("__pycache__", "web")
    shutil.copytree(ROOT / "tools", root / "tools", ignore=ignore)
    (root / "qlib").mkdir()
    (root / "qlib" / "__init__.py").write_text("answer = 42\n")


SMALL_DISK = """\
set -e
mount -t tmpfs -o size=1m none "$1"
cp -r "$2"/notebooks "$2"/pyproject.toml "$2"/tools "$1"
cd "$1"
sha256sum notebooks/01_one.ipynb > ../before
head -c 2000000 /dev/zero > filler 2> /dev/null || true
"$3" -m tools.refresh 01 && exit 3
sha256sum -c --quiet ../before
ls -A notebooks
rm filler
"$3" -m tools.refresh 01
"""


def test_on_a_disk_that_is_really_full_the_old_notebook_stays(course):
    tools_and_qlib(course)
    small, script = course.parent / "small", course.parent / "script"
    small.mkdir()
    script.write_text(SMALL_DISK)
    if not (unshare := shutil.which("unshare")):
        pytest.skip("no `unshare` here to mount a small disk")
    alone = [unshare, "--user", "--map-root-user", "--mount"]
    trial = ["sh", "-c", 'mount -t tmpfs none "$1"', "sh", small]
    if subprocess.run([*alone, *trial], capture_output=True).returncode:
        pytest.skip("this user may not mount a small disk")
    write_notebook(course / "notebooks" / "01_one.ipynb", "print('x' * 30_000)")
    _, options = command(course)
    options["env"] |= {"PYTHONDONTWRITEBYTECODE": "1"}
    words = [*alone, "sh", script, small, course, sys.executable]
    done = subprocess.run(words, **options, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    first, *left, last = done.stdout.splitlines()
    assert first.startswith("01_one.ipynb: the disk is full: make room, then run the")
    assert left == ["01_one.ipynb", "02_two.ipynb"]
    assert last.startswith("01_one.ipynb") and last.endswith("changed")


# --- no network, odd paths -----------------------------------------------------------

LISTENING = """\
import sys

def listen(event, args):
    name, mode = event.partition(".")[0], str(args[1]) if len(args) > 1 else ""
    if name == "socket" and event != "socket.__new__" or name == "urllib":
        raise OSError(f"{event} {args}: there is no network")
    if event == "open" and str(args[0]).startswith(FOLDERS) and set(mode) & set("wax+"):
        raise OSError(f"{args[0]} was to be written")

import os
FOLDERS = tuple(sys.argv[1].split(os.pathsep))
import socket
sys.addaudithook(listen)
try:
    socket.create_connection(("127.0.0.1", 9))
except OSError as error:
    assert "there is no network" in str(error), error
try:
    open(FOLDERS[0] + "/mnist.npz", "r+b")
except OSError as error:
    assert "was to be written" in str(error), error
else:
    sys.exit("the hook does not work")
"""


def imports_of_the_lessons():
    """Return the modules of qlib that some lesson or solution imports."""
    found = {"qlib"}
    for path in ALL:
        for cell in cells(path, "code"):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found.add(node.module)
                    found |= {f"{node.module}.{alias.name}" for alias in node.names}
    found = {name.replace(".", "/") for name in found if name.startswith("qlib")}
    return sorted(
        name.replace("/", ".")
        for name in found
        if (ROOT / f"{name}.py").exists() or (ROOT / name / "__init__.py").exists()
    )


def test_what_lessons_import_and_load_asks_nothing_of_the_network():
    modules = imports_of_the_lessons()
    assert {"qlib.data", "qlib.codebook", "qlib.training"} <= set(modules)
    program = LISTENING + f"import {', '.join(modules)}\n"
    program += "from qlib import data, flatbuffer\n"
    program += "(x, y), _ = data.load_mnist()\n"
    program += "weights = data.load_float_model()\n"
    program += "flatbuffer.read_model(data.DATA / 'mnist_qat_int8.tflite')\n"
    program += "data.load_study('arms')\n"
    program += "from qlib.quiet import load_tensorflow\n"
    program += "model = qlib.training.build_model(weights)\n"
    program += "print(len(x), len(weights), model.count_params())\n"
    folders = os.pathsep.join(map(str, (data.DATA, data.STUDIES)))
    done = subprocess.run(
        [sys.executable, "-c", program, folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == ["60000", "6", "347146"]


@pytest.mark.parametrize("locale", ["C.UTF-8", "POSIX"])
def test_copy_links_and_link_work_in_a_folder_of_any_name(course, tmp_path, locale):
    tools_and_qlib(course)
    python = tmp_path / "Ümgebung ∆" / ("Scripts" if os.name == "nt" else "bin")
    python /= "python.exe" if os.name == "nt" else "python"
    venv = [sys.executable, "-m", "venv", "--without-pip", python.parents[1]]
    subprocess.run(venv, check=True)
    variables = {"LC_ALL": locale}
    if locale == "POSIX":  # as a Python that knows ASCII alone
        variables |= {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    def run(*words):
        done = subprocess.run(
            [python, *words],
            cwd=tmp_path,
            env=os.environ | variables,
            capture_output=True,
            encoding="utf-8",
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    door = course / "course.py"
    (course / "notebooks" / "Größe 量.png").write_bytes(b"a picture")
    assert run(door, "copy") == ""
    assert (course / "work" / "Größe 量.png").read_bytes() == b"a picture"
    assert (course / "work" / "02_two.ipynb").read_text() == "mine"
    settings = '[tool.course]\nrepository = "https://github.com/owner/name"\n'
    (course / "pyproject.toml").write_text(settings)
    assert "Links filled in: notebooks/01_one.ipynb" in run(door, "links")
    assert "owner/name" in (course / "notebooks/01_one.ipynb").read_text("utf-8")
    assert "`import qlib` works now in" in run(door, "link")
    program = "import os, qlib; print(qlib.answer, os.fsencode(qlib.__file__).hex())"
    expected = os.fsencode(course / "qlib" / "__init__.py").hex()
    assert run("-c", program).split() == ["42", expected]
