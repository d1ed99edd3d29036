"""A lock that lets one set-up at a time into the checkout."""

import contextlib
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tools.files import say


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[IO[str]]:
    """Let one set-up at a time into the checkout; a second one waits and says so.

    The lock belongs to the open file and not to its name, so one that a killed process
    leaves behind is free again by itself.
    """
    with open(path, "a", encoding="utf-8") as file:
        told = False
        while not try_lock(file):
            if not told:
                say("Another set-up is at work in this folder; waiting for its end.")
            told = True
            time.sleep(0.3)
        yield file


def try_lock(file: IO[str]) -> bool:
    """Take the lock if it is free, and tell whether it was."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives know no locks: better to go on than to wait for ever.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
