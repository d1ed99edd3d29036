"""What holds the checkout's path: the `.pth` file of `qlib`, and .venv's scripts."""

import os
import re
import sys
from pathlib import Path

from tools.files import write_whole


def moved_script(script: bytes, was: bytes, now: bytes) -> bytes:
    """Return a script of `.venv/bin` as it must read once .venv is `now`, not `was`.

    Programs are returned unchanged. A first line that names a Python has two forms,
    for the kernel takes no path with a space, nor a long one, after `#!`.

    Example:
        >>> moved_script(b"#!/old/bin/python", b"/old", b"/new")
        b'#!/new/bin/python'
    """
    direct = rb"#!(" + re.escape(was) + rb"/bin/[^\s\"/]+)"
    shell = rb"#!/bin/sh\n'''exec' \"?(" + re.escape(was) + rb"/bin/[^\s\"/]+)\"?"
    shell += rb" \"\$0\" \"\$@\"\n' '''"
    found = re.match(shell, script) or re.match(direct, script)
    if found:
        python = now + found[1][len(was) :]
        line = b"#!" + python
        if re.search(rb"\s", python) or len(line) > 127:
            line = b"#!/bin/sh\n'''exec' \"" + python + b'" "$0" "$@"\n' + b"' '''"
        return line + script[found.end() :]
    if b"\0" in script:
        return script  # a program, not a text
    return script.replace(was, now)


def link(site_packages: Path, root: Path) -> Path:
    """Make `import qlib` work for the Python that owns this `site-packages` folder.

    pip refuses an editable install among hashed requirements, so a `.pth` file names
    the checkout. Python reads these files in the computer's own encoding, hence a path
    with other letters is written as ASCII inside a line of code.
    """
    line = str(root)
    if not line.isascii():
        path_in_bytes = os.fsencode(root)
        line = f"import os, sys; sys.path.append(os.fsdecode({path_in_bytes!r}))"
    path = site_packages / "qlib.pth"
    write_whole(path, (line + "\n").encode("ascii"))
    return path


def site_packages(folder: Path) -> Path:
    """Return where an environment made by this very Python keeps its packages."""
    if os.name == "nt":
        return folder / "Lib" / "site-packages"
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return folder / "lib" / version / "site-packages"
