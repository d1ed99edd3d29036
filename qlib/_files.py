"""Files that belong together, replaced whole or not at all."""

import os
from collections.abc import Mapping
from pathlib import Path


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """Write each file; where one cannot be written, leave all of them as they were.

    All bytes go to neighbours first, which then take the files' names: what a full disk
    stops is stopped before the first old file has gone.
    """
    parts = {
        path: path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in contents
    }
    try:
        for path, content in contents.items():
            parts[path].write_bytes(content)
        for path, part in parts.items():
            os.replace(part, path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
