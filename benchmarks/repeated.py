"""Does every notebook give the same outputs ten times in a row?

    python3 course.py bench repeated                              about an hour

Runs nbval, strictly, over all lessons and worked answers, ten times one after the
other, and counts the cells whose outputs were not those that are stored.
"""

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import Row, machine
from benchmarks.versions import tested
from tools.files import write_whole

RECORD = Path(__file__).with_suffix(".json")
TIMES = 10
WORDS = ["notebooks", "-n2"]


def main() -> None:
    """Run the notebooks again and again, and write the record after each time."""
    runs = []
    for number in range(1, TIMES + 1):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(tested(Path(sys.executable), WORDS, Path(folder)))
        print(f"{number} of {TIMES}: {runs[-1]}", flush=True)
        keep(runs)  # after each, so that a run that is stopped has its record too


def keep(runs: list[Row]) -> None:
    """Write the record of the runs so far."""
    record = {
        "command": f"python -m pytest {' '.join(WORDS)}, {len(runs)} times",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "runs": runs,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_whole(RECORD, text.encode())


if __name__ == "__main__":
    main()
