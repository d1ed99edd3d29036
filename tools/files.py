"""Helpers that every tool shares: a voice, one kind of error, a file written whole."""

import errno
import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class CourseError(Exception):
    """What the reader can put right; the text says what happened and what to do."""


def say(text: str) -> None:
    """Tell the student something, apart from what the command itself prints."""
    print(text, file=sys.stderr, flush=True)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def disk_is_full(error: OSError) -> bool:
    """Tell whether a write failed because the disk, or the user's share, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def write_whole(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    The bytes go to a neighbour first, which then takes the file's name in one step, its
    permissions (`mode`) already set.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        if mode is not None:
            beside.chmod(mode)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
