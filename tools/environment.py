"""Makes `.venv` from `requirements.txt` (or another), and keeps it fitting.

A stamp is written last of all. A run that finds no fitting stamp starts again from
nothing, so whatever broke a set-up (a closed lid, a full disk), the next run mends it.
"""

import errno
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tools.files import CourseError, disk_is_full, say, sha256, write_whole
from tools.lock import only_one
from tools.pip_output import Progress, same_name, why_pip_failed
from tools.places import link, moved_script, site_packages

LAYOUT = 1  # raise it when something else in .venv changes than its packages
DISK_NEEDED = 4 * 10**9  # bytes: 2.9 GB stay, the rest holds the downloads meanwhile

# pip obeys PIP_... variables. Those that say where packages come from (a school's
# mirror or proxy) are wanted; others, such as PIP_TARGET, would misplace the packages.
PIP_SETTINGS = {
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_KEYRING_PROVIDER",
    "PIP_NO_CACHE_DIR",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TIMEOUT",
    "PIP_TRUSTED_HOST",
}
# These change what Python imports or skips; PYTHONOPTIMIZE would skip the assertions.
PYTHON_SETTINGS = {
    "PYTHONHOME",
    "PYTHONOPTIMIZE",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "__PYVENV_LAUNCHER__",
}


@dataclass(frozen=True)
class Kind:
    """One of the course's environments.

    Args:
        name: of its folder in the checkout.
        requirements: the file that locks its packages.
        disk: the bytes that must be free to set it up.
        cost: what a set-up takes, in words.
    """

    name: str
    requirements: str
    disk: int
    cost: str


COURSE = Kind(
    ".venv", "requirements.txt", DISK_NEEDED, "about 2.9 GB of disk and about 2 minutes"
)
# For the web edition and the slides: most readers never need it.
WEB = Kind(
    ".venv-web",
    "requirements-web.txt",
    10**9,
    "about 0.3 GB of disk and half a minute",
)


class Environment:
    """The `.venv` folder of one checkout, and the files that belong to it."""

    def __init__(self, root: Path, kind: Kind = COURSE) -> None:
        """Name the places; nothing is touched yet."""
        self.root = root
        self.kind = kind
        self.folder = root / kind.name
        self.bin = self.folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")
        self.requirements = root / kind.requirements
        self.stamp = self.folder / "course-stamp.json"
        self.lock = root / f"{kind.name}-setup.lock"
        self.log = root / f"{kind.name}-setup.log"

    # What the commands ask for

    def prepare(self) -> None:
        """Set the environment up, unless a fitting one is there already."""
        if self.is_ready() and self._is_at_home():
            return
        try:
            with only_one(self.lock) as lock:
                if self.is_ready() and (self._is_at_home() or self._follow_move()):
                    return  # another run has made it meanwhile, or it has moved along
                self._set_up(lock)
        except OSError as error:
            raise CourseError(_why_not_written(error, self.root)) from error

    def variables(self) -> dict[str, str]:
        """Return the environment variables under which the commands run."""
        kept = {k: v for k, v in os.environ.items() if k not in PYTHON_SETTINGS}
        path = os.pathsep.join([str(self.bin), kept.get("PATH", os.defpath)])
        return kept | {"PATH": path, "VIRTUAL_ENV": str(self.folder)}

    def is_ready(self) -> bool:
        """Tell whether the last set-up ended, fits, and its Python still runs."""
        stamp = self._read_stamp()
        if stamp.get("fits") != self._wanted():
            return False
        question = "import sys; print('%d.%d' % sys.version_info[:2])"
        try:
            answer = subprocess.run(
                [self.python, "-I", "-S", "-c", question],
                capture_output=True,
                text=True,
            )
        except OSError:
            return False  # the Python it was made from has gone
        return answer.stdout.strip() == stamp.get("python")

    def write_stamp(self) -> None:
        """Declare the set-up finished."""
        stamp = {
            "fits": self._wanted(),
            "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
            "root": self._root_as_text(),
        }
        write_whole(self.stamp, json.dumps(stamp, indent=1).encode())

    # The steps of a set-up

    def _wanted(self) -> str:
        """Return what a stamp must say: the layout and the locked packages."""
        text = self.requirements.read_bytes().replace(b"\r\n", b"\n")
        return f"layout {LAYOUT}, requirements {sha256(text)}"

    def _read_stamp(self) -> dict[str, Any]:
        try:
            stamp = json.loads(self.stamp.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stamp if isinstance(stamp, dict) else {}

    def _is_at_home(self) -> bool:
        """Tell whether the checkout still lies where it was set up."""
        return self._read_stamp().get("root") == self._root_as_text()

    def _root_as_text(self) -> str:
        """Return the checkout's path, spelled alike under every language setting."""
        return os.fsencode(self.root).decode("utf-8", "surrogateescape")

    def _set_up(self, lock: IO[str]) -> None:
        started = time.monotonic()
        say(f"Setting up {self.kind.name}: {self.kind.cost}, only this first time.")
        _check_venv_can_be_made()
        self._remove()
        _check_disk(self.root, self.kind.disk)
        # From a virtual environment that is active now, step down to its own Python.
        python = getattr(sys, "_base_executable", None) or sys.executable
        code, text = self._run([python, "-I", "-m", "venv", str(self.folder)], lock)
        if code:
            raise CourseError(
                f"Python could not make {self.kind.name}; {self.log.name} says why:\n\n"
                + text.strip()[-500:]
            )
        self._install(lock)
        link(site_packages(self.folder), self.root)
        if self.kind is COURSE:
            settings = self.folder / "share" / "jupyter" / "lab" / "settings"
            overrides = self.root / "tools" / "overrides.json"
            write_whole(settings / "overrides.json", overrides.read_bytes())
        self.write_stamp()
        say(f"Ready in {time.monotonic() - started:.0f} s.")

    def _remove(self) -> None:
        """Remove what is left of an earlier .venv, its stamp first.

        One that no set-up of ours has touched is somebody's own: it is put aside.
        """
        try:
            if self.folder.is_dir() and not (self.stamp.exists() or self.log.exists()):
                name = f"{self.kind.name}-kept-{time.strftime('%Y-%m-%d-%H%M%S')}"
                self.folder.rename(self.root / name)
                say(f"There was another {self.kind.name} here: it is kept as {name}.")
            if self.folder.is_symlink() or self.folder.is_file():
                self.folder.unlink()
            elif self.folder.exists():
                self.stamp.unlink(missing_ok=True)
                shutil.rmtree(self.folder)
        except OSError as error:
            raise CourseError(
                f"The old {self.folder} cannot be removed ({error.strerror}). Close "
                "what still uses it (JupyterLab, an editor, a terminal), or delete the "
                "folder by hand, then run the same command again."
            ) from error

    def _install(self, lock: IO[str]) -> None:
        """Let pip install the locked packages, and say how far it has come."""
        # Downloads lie on the disk whose free space was checked, not in a small /tmp.
        downloads = self.folder / "downloads"
        downloads.mkdir()
        command = [str(self.python), "-I", "-u", "-X", "utf8", "-m", "pip", "install"]
        command += ["--require-hashes", "--only-binary=:all:", "--no-input"]
        command += ["--disable-pip-version-check", "--progress-bar=off"]
        command += ["--no-user"]  # a pip.conf may say the contrary
        progress = Progress(self.requirements.read_text("utf-8"))
        code, text = self._run(
            [*command, "-r", str(self.requirements)],
            lock,
            progress,
            dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(downloads)),
        )
        if code:
            raise CourseError(f"{why_pip_failed(text)} All of pip's words: {self.log}")
        found = site_packages(self.folder).glob("*.dist-info")
        if not progress.seen <= {same_name(path.name.split("-")[0]) for path in found}:
            raise CourseError(
                "pip has put the packages somewhere else than into "
                f"{self.kind.name}. Remove "
                "`target`, `prefix` and `root` from pip's settings (`pip config list` "
                "shows them), then run the same command again."
            )
        shutil.rmtree(downloads, ignore_errors=True)

    def _run(
        self,
        command: list[str],
        lock: IO[str],
        progress: Progress | None = None,
        more: dict[str, str] | None = None,
    ) -> tuple[int, str]:
        """Run one step, its output kept in the log; return exit status and output.

        The step holds the lock too: should this process be killed, no second set-up
        can start while an orphan still writes. (Windows has no such inheritance.)
        """
        drop = PYTHON_SETTINGS | {k for k in os.environ if k.startswith("PIP_")}
        kept = {k: v for k, v in os.environ.items() if k not in drop - PIP_SETTINGS}
        lines = []
        with (
            open(self.log, "w", encoding="utf-8") as log,
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                env=kept | (more or {}),
                pass_fds=() if os.name == "nt" else (lock.fileno(),),
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    log.write(line)
                    lines.append(line)
                    if progress:
                        progress.read(line)
            except BaseException:
                process.kill()
                raise
            finally:
                if progress:
                    progress.end()
        return process.returncode, "".join(lines)

    def _follow_move(self) -> bool:
        """Point a moved environment at its new place; False where that cannot be."""
        stamp = self._read_stamp()
        if os.name == "nt" or not isinstance(stamp.get("root"), str):
            return False  # Windows' launchers hold the path inside a program
        was = stamp["root"].encode("utf-8", "surrogateescape")
        was += b"/" + self.kind.name.encode()
        now = os.fsencode(self.folder)
        for script in self.bin.iterdir():
            if script.is_file() and not script.is_symlink():
                before = script.read_bytes()
                after = moved_script(before, was, now)
                if after != before:
                    write_whole(script, after, script.stat().st_mode)
        version = f"python{stamp['python']}"
        link(self.folder / "lib" / version / "site-packages", self.root)
        stamp["root"] = self._root_as_text()
        write_whole(self.stamp, json.dumps(stamp, indent=1).encode())
        return True


def _check_venv_can_be_made() -> None:
    """Refuse a Python whose `venv` or `ensurepip` was left out by its distributor."""
    missing = [m for m in ("venv", "ensurepip") if not importlib.util.find_spec(m)]
    if missing:
        version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        raise CourseError(
            f"This Python came without its module `{missing[0]}`, which makes .venv. "
            "On Debian or Ubuntu type `sudo apt install python3-venv` (or "
            f"`{version}-venv`); elsewhere install Python 3.12 from python.org. Then "
            "run the same command again."
        )


def _check_disk(root: Path, needed: int) -> None:
    """Refuse to start what the disk cannot hold."""
    free = shutil.disk_usage(root).free
    if free < needed:
        raise CourseError(
            f"The disk of {root} has {free / 1e9:.1f} GB free, and the set-up needs "
            f"{needed / 1e9:.0f} GB. Make room, or move the folder to a larger "
            "disk, then run the same command again."
        )


def _why_not_written(error: OSError, root: Path) -> str:
    """Turn the system's word for a failed write into a sentence."""
    if disk_is_full(error):
        return "The disk is full. Make room (4 GB), then run the same command again."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return (
            f"Nothing can be written in {root} ({error.strerror}). Copy the course to "
            "a folder of your own and run it there."
        )
    return f"The set-up stopped: {error}. Put that right, then run the same command."
