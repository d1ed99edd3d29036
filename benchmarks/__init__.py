"""How fast, beside whom: `python3 course.py bench` measures and writes README.md.

Each benchmark is a module with one `BENCHMARK`. The long studies are scripts whose
docstring says with which command, and how long, they run; lessons read what they found
with `qlib.data.load_study`.
"""

import re
from pathlib import Path

BENCHMARKS = (
    "quantize",
    "kmeans",
    "thresholds",
    "integer",
    "float",
    "imports",
    "growth",
    "notebooks",
)
# A study's docstring says after its command how long it takes.
COMMAND = (
    r"course\.py (?:bench|run python) (?:benchmarks/)?{name}(?:\.py)? {{2,}}(\S.*)"
)


def studies(folder: Path = Path(__file__).parent) -> dict[str, tuple[str, str]]:
    """Return {name: (first line of its docstring, how long it takes)} of each study.

    Example:
        >>> studies()["representative"][1]
        'about two minutes'
    """
    found = {}
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        takes = re.search(COMMAND.format(name=path.stem), text)
        if takes and path.stem not in BENCHMARKS:
            says = text.removeprefix('"""').splitlines()[0].rstrip(".")
            found[path.stem] = says, takes[1]
    return found


STUDIES = tuple(studies())
