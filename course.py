"""The course's front door: `python3 course.py lab` sets everything up and opens it.

This file stays in the grammar that Python 2.7 and every Python 3 share (no f-strings,
no annotations), so that a Python that does not fit gets a sentence that helps, and not
a SyntaxError. All that needs a newer Python is in `tools/` and is imported only after
the check below. Only the standard library is used: nothing is installed yet.
"""

from __future__ import print_function

import difflib
import os
import platform
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
OLDEST, NEWEST = (3, 11), (3, 13)  # the Pythons that TensorFlow has wheels for

USAGE = """\
Neural-network quantization, computed in front of you.

    python3 course.py lab [NOTEBOOK]      open JupyterLab on your own copies, in work/
    python3 course.py reset NOTEBOOK      a fresh copy; yours is kept in work/kept/
    python3 course.py test [PYTEST ARGS]  run every test and every notebook
    python3 course.py test --browser      the same, and every notebook in a browser
    python3 course.py slides NOTEBOOK     its slides in one file, for any browser
    python3 course.py html [FOLDER]       all lessons as pages, for any browser
    python3 course.py run COMMAND...      run a command in the course's environment
    python3 course.py train [ARGS]        train the float model again
    python3 course.py bench [NAME...]     measure speed beside the peers

A notebook is named by its number (01) or its name (01_linear_quantization); a
solution by solutions/01. The first run sets up .venv, which takes some minutes.
`slides` and `html` set up .venv-web the first time; what they make, in slides/ and
site/, needs no network.
What follows `--` goes to JupyterLab: course.py lab 02 -- --no-browser

For authors:

    python3 course.py lab --source        open the originals in notebooks/
    python3 course.py refresh [NOTEBOOK]  run notebooks and store their outputs
    python3 course.py links               fill in the Binder and Colab links
    python3 course.py link                let this Python import qlib (conda, Binder)
"""


def why_unfit(version, bits, system, machine):
    """Return a sentence that says why this Python cannot run the course, or None."""
    found = "This is Python {0}.{1}".format(version[0], version[1])
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        return (
            found + ", and the course needs Python 3.11, 3.12 or 3.13 "
            "(TensorFlow has no build for others)."
        )
    if bits == 32:
        return found + " for 32 bits, and the course needs a 64-bit Python."
    if system == "Darwin" and machine == "x86_64":
        return (
            found + " for Intel Macs, for which TensorFlow has no build. On a Mac with "
            "an Apple chip, install the Python for Apple silicon; on an Intel Mac, use "
            "the course's Binder link or another computer."
        )
    return None


def fitting_python():
    """Return the command of a fitting Python on this computer, as a list, or None.

    Each is tried, for a name on the PATH may belong to a launcher that refuses it.
    """
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        version = "3.{0}".format(minor)
        for command in (["python" + version], ["py", "-" + version]):
            try:
                process = subprocess.Popen(
                    command + ["-c", "import sys; print(sys.version_info[:2])"],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                answer = process.communicate()[0].decode("ascii", "replace")
            except OSError:
                continue  # no such command
            if answer.strip() == "(3, {0})".format(minor):
                return command
    return None


def refuse_unfit_python(args):
    """End with one clear sentence where this Python cannot run the course."""
    problem = why_unfit(
        sys.version_info,
        64 if sys.maxsize > 2**32 else 32,
        platform.system(),
        platform.machine(),
    )
    if problem is None:
        return
    fits_version = OLDEST <= tuple(sys.version_info[:2]) <= NEWEST
    other = None if fits_version else fitting_python()
    if other:
        problem += " You have one that fits; type:\n\n    "
        typed = other + sys.argv[:1] + args
        problem += " ".join('"%s"' % word if " " in word else word for word in typed)
    elif not fits_version:
        problem += " Python 3.12 from python.org or your package manager will do."
    sys.exit(problem)


def main(args):
    """Run one command of the course."""
    refuse_unfit_python(args)
    sys.path.insert(0, ROOT)  # also where Python was told not to look beside the file
    from tools import commands

    if not args or args[0] in ("help", "-h", "--help"):
        print(USAGE, end="")
        return 0
    if args[0] not in commands.COMMANDS:
        close = difflib.get_close_matches(args[0], list(commands.COMMANDS), 1)
        hint = " Did you mean `{0}`?".format(close[0]) if close else ""
        print(
            "There is no command `{0}`.{1}\n\n{2}".format(args[0], hint, USAGE),
            end="",
            file=sys.stderr,
        )
        return 2
    return commands.run(args[0], args[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
