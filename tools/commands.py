"""The commands of `course.py`, one function each, taking what was typed after it."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from tools import copies
from tools.environment import COURSE, WEB, Environment, Kind
from tools.files import ROOT, CourseError
from tools.places import link

# JupyterLab asks nothing of the network, and says only what has gone wrong.
QUIET_LAB = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class="
    "jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.answer_yes=True",  # Ctrl-C ends at once, without a question
    "--ServerApp.log_level=WARN",
    "--LabApp.log_level=WARN",
)


def run(name: str, args: list[str]) -> int:
    """Run a command; return its exit status, 1 after a failure told in a sentence."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a path may hold any letter
    try:
        return COMMANDS[name](args) or 0
    except CourseError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. Run the same command to start again.", file=sys.stderr)
    except OSError as error:
        print(f"course.py {name} stopped: {error}.", file=sys.stderr)
    return 1


def lab(args: list[str]) -> NoReturn:
    """Open JupyterLab on the student's copies, or with --source on the originals."""
    end = args.index("--") if "--" in args else len(args)
    own, passed = args[:end], args[end + 1 :]
    source = "--source" in own
    names = [word for word in own if word != "--source"]
    if len(names) > 1 or any(word.startswith("-") for word in names):
        raise CourseError(
            "`lab` takes one notebook at most; what is meant for JupyterLab follows "
            f"after `--`: course.py lab -- {shlex.join(names)}"
        )
    name = copies.find(ROOT, names[0]) if names else _first_notebook()
    environment = _ready()
    if not source:
        for note in copies.bring_copies(ROOT):
            print(note)
    page = "/lab"
    if name:
        page += quote(f"/tree/{'notebooks' if source else 'work'}/{name}")
    print("Opening JupyterLab. Ctrl-C in this window ends it.")
    options = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url={page}",
        *QUIET_LAB,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    command = [str(environment.python), "-m", "jupyterlab", *options, *passed]
    _hand_over(command, environment, ROOT)


def reset(args: list[str]) -> None:
    """Bring a fresh copy of one notebook, the student's own kept beside it."""
    if len(args) != 1:
        raise CourseError("Say which notebook: course.py reset 01")
    print(copies.reset(ROOT, args[0]))


def copy(args: list[str]) -> None:
    """Bring the copies into work/ without opening them; Binder does this once."""
    for note in copies.bring_copies(ROOT):
        print(note)


def test(args: list[str]) -> NoReturn:
    """Run every test, doctest and notebook, or what the arguments name."""
    environment = _ready()
    command = [str(environment.python), "-m", "pytest", *args]
    _hand_over(command, environment, ROOT)


def refresh(args: list[str]) -> NoReturn:
    """Run notebooks from top to bottom and store their outputs."""
    environment = _ready()
    # A path is the user's; the tool runs elsewhere.
    words = [os.path.abspath(word) if os.path.exists(word) else word for word in args]
    command = [str(environment.python), "-m", "tools.refresh", *words]
    _hand_over(command, environment, ROOT)


def train(args: list[str]) -> NoReturn:
    """Train the float model again."""
    environment = _ready()
    command = [str(environment.python), "-m", "qlib.training", *args]
    _hand_over(command, environment, ROOT)


def bench(args: list[str]) -> NoReturn:
    """Measure speed beside the peers, or run a long study that is named."""
    environment = _ready()
    command = [str(environment.python), "-m", "benchmarks", *args]
    _hand_over(command, environment, ROOT)


def slides(args: list[str]) -> NoReturn:
    """Make the slides of one notebook: one file that needs no network."""
    if not 1 <= len(args) <= 2:
        raise CourseError("Say which notebook: course.py slides 01 [FILE]")
    name = copies.find(ROOT, args[0])
    page = Path(args[1]) if args[1:] else ROOT / "slides" / name
    if not args[1:]:
        page = page.with_suffix(".html")
    if page.suffix not in (".html", ".htm"):
        raise CourseError(f"Slides are a page; name a file that ends in .html: {page}")
    words = [str(ROOT / "notebooks" / name), os.path.abspath(page)]
    _on_the_web("tools.slides", words)


def web_edition(args: list[str]) -> NoReturn:
    """Make the web edition: every lesson as a page that needs no network."""
    if len(args) > 1:
        raise CourseError("Name one folder, or none: course.py html [FOLDER]")
    folder = os.path.abspath(args[0]) if args else str(ROOT / "site")
    _on_the_web("tools.website", [folder])


def _on_the_web(module: str, words: list[str]) -> NoReturn:
    """Become a tool that runs in the environment of the web edition."""
    environment = _ready(WEB)
    command = [str(environment.python), "-m", module, *words]
    _hand_over(command, environment, ROOT)


def run_command(args: list[str]) -> NoReturn:
    """Run any command in the environment, in the user's own folder."""
    if not args:
        raise CourseError("Say what to run: course.py run python -m qlib.training")
    environment = _ready()
    program = shutil.which(args[0], path=environment.variables()["PATH"])
    if program is None:
        raise CourseError(f"There is no command `{args[0]}` in .venv or on the PATH.")
    _hand_over([program, *args[1:]], environment, Path.cwd())


def links(args: list[str]) -> int:
    """Fill in the Binder and Colab links of README.md and of every notebook."""
    from tools import links as tool

    return tool.main(args)


def link_this_python(args: list[str]) -> None:
    """Let the Python that runs this import qlib; for conda and Binder."""
    folder = Path(sysconfig.get_path("purelib"))
    try:
        link(folder, ROOT)
    except OSError as error:
        raise CourseError(
            f"{folder} cannot be written ({error.strerror}). Activate an environment "
            "of your own first, such as the one from environment.yml."
        ) from error
    print(f"`import qlib` works now in {sys.executable}.")


COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "lab": lab,
    "reset": reset,
    "test": test,
    "run": run_command,
    "train": train,
    "bench": bench,
    "refresh": refresh,
    "slides": slides,
    "html": web_edition,
    "links": links,
    "link": link_this_python,
    "copy": copy,
}


def _ready(kind: Kind = COURSE) -> Environment:
    environment = Environment(ROOT, kind)
    environment.prepare()
    return environment


def _first_notebook() -> str | None:
    names = [name for name in copies.originals(ROOT) if name.endswith(".ipynb")]
    return names[0] if names else None


def _hand_over(command: list[str], environment: Environment, folder: Path) -> NoReturn:
    """Become the command, so that its exit status and every signal are its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    variables = environment.variables()
    if os.name != "nt":
        os.chdir(folder)
        os.execve(command[0], command, variables)
    process = subprocess.Popen(command, env=variables, cwd=folder)
    while True:  # Windows cannot become it; wait, and leave Ctrl-C to the command
        try:
            sys.exit(process.wait())
        except KeyboardInterrupt:
            continue
