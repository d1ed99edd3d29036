"""The student's own notebooks: copies in `work/` that no update ever overwrites."""

import json
import re
import time
from pathlib import Path

from tools.files import CourseError, sha256, write_whole


def originals(root: Path) -> list[str]:
    """Return every lesson's file as a path inside `notebooks/`, lessons first.

    Pictures and texts beside the notebooks count too: links in a copy must hold.
    """
    folder = root / "notebooks"
    found = []
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        hidden = any(part[0] in "._" for part in inside.parts)
        if path.is_file() and not hidden:
            found.append(inside.as_posix())
    return sorted(found, key=lambda name: (name.count("/"), name))


def bring_copies(root: Path) -> list[str]:
    """Copy what is new, update what the student left alone, keep the rest.

    Returns:
        One sentence for each changed copy whose original is newer by now.
    """
    remembered = _remembered(root)
    notes = []
    for name in originals(root):
        original = (root / "notebooks" / name).read_bytes()
        new = sha256(original)
        copy = root / "work" / name
        mine = sha256(copy.read_bytes()) if copy.exists() else None
        if mine in (None, new, remembered.get(name)):
            if mine != new:
                write_whole(copy, original)
            remembered[name] = new
        elif remembered.get(name) != new:
            notes.append(
                f"work/{name} keeps your changes; `course.py reset "
                f"{_short(name)}` brings the new version."
            )
    _remember(root, remembered)
    return notes


def reset(root: Path, wanted: str) -> str:
    """Put the student's copy aside and bring a fresh one; say in a sentence what was.

    Raises:
        CourseError: if no notebook, or more than one, is meant by `wanted`.
    """
    name = find(root, wanted)
    original = (root / "notebooks" / name).read_bytes()
    copy = root / "work" / name
    said = f"work/{name} is fresh."
    if copy.exists() and copy.read_bytes() == original:
        said = f"work/{name} was fresh already."
    elif copy.exists():
        kept = _free_name(root / "work" / "kept" / name)
        kept.parent.mkdir(parents=True, exist_ok=True)
        copy.rename(kept)
        said += f" Your version is kept as {kept.relative_to(root).as_posix()}."
        said += " If it is open in JupyterLab, close its tab first and open it anew."
    if not copy.exists():
        write_whole(copy, original)
    _remember(root, _remembered(root) | {name: sha256(original)})
    return said


def find(root: Path, wanted: str) -> str:
    """Return the notebook (a path inside `notebooks/`) that a number or name means.

    Raises:
        CourseError: if no notebook, or more than one, is meant.
    """
    names = [name for name in originals(root) if name.endswith(".ipynb")]
    asked = wanted.replace("\\", "/").removesuffix(".ipynb")
    asked = re.sub(r"^(\./)?(work|notebooks)/", "", asked)
    asked = re.sub(r"(^|/)(\d)$", r"\g<1>0\2", asked)  # 1 means 01
    stems = {name.removesuffix(".ipynb"): name for name in names}
    if asked in stems:
        return stems[asked]
    meant = [name for stem, name in stems.items() if stem.startswith(f"{asked}_")]
    if len(meant) == 1:
        return meant[0]
    known = "".join(f"\n    {stem}" for stem in (map(_stem, meant) if meant else stems))
    if not meant:
        raise CourseError(f"There is no notebook `{wanted}`. There are:\n{known}")
    raise CourseError(f"`{wanted}` means more than one notebook:\n{known}")


def _stem(name: str) -> str:
    return name.removesuffix(".ipynb")


def _short(name: str) -> str:
    """Return the least a student must type: solutions/01 for solutions/01_x.ipynb."""
    return re.sub(r"(^|/)(\d\d)_[^/]*\.ipynb$", r"\1\2", name)


def _free_name(path: Path) -> Path:
    """Return the path with the time in its name, and a number if that is taken."""
    stem = f"{path.stem}-{time.strftime('%Y-%m-%d-%H%M%S')}"
    kept = path.with_name(stem + path.suffix)
    number = 2
    while kept.exists():
        kept = path.with_name(f"{stem}-{number}{path.suffix}")
        number += 1
    return kept


def _remembered(root: Path) -> dict[str, str]:
    """Return the hash of each original as it was when it was copied.

    A damaged file is as good as none: then every copy that differs from its original
    counts as the student's.
    """
    try:
        hashes = json.loads((root / "work" / ".copied.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return hashes if isinstance(hashes, dict) else {}


def _remember(root: Path, hashes: dict[str, str]) -> None:
    text = json.dumps(hashes, indent=1, sort_keys=True) + "\n"
    write_whole(root / "work" / ".copied.json", text.encode())
