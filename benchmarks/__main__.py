"""What `python3 course.py bench` runs."""

import argparse
import difflib
import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import BENCHMARKS, STUDIES, report, studies
from benchmarks.harness import Benchmark, Row
from benchmarks.tables import shown
from tools.files import ROOT, CourseError, write_whole

ABOUT = "Measure speed beside the peers, and make benchmarks/README.md of it."
SHARPNESS = 1.5  # dots to a pixel of the page


def main(args: list[str], folder: Path = report.FOLDER) -> int:
    """Measure what is named, or everything; return the exit status."""
    try:
        if args and args[0] in STUDIES:
            return _study(args[0], args[1:])
        asked = _asked(args)
        if asked.list:
            print(listing(folder))
        elif asked.redraw:
            redraw(folder)
        else:
            return _bench(checked_names(asked.names), asked.quick, folder)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What had been measured to its end is kept.", file=sys.stderr)
        return 1
    return 0


def _asked(args: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("course.py bench", description=ABOUT)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="all, if none is named"
    )
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="try the code on small input; store nothing",
    )
    parser.add_argument(
        "--redraw",
        action="store_true",
        help="make aims, pictures and README.md from the records; measure nothing",
    )
    return parser.parse_args(args)


def checked_names(names: list[str]) -> list[str]:
    """Return the names of benchmarks, all if there are none.

    Raises:
        CourseError: a name is unknown; the text says which is near, and what there is.
    """
    for name in names:
        if name in STUDIES:
            raise CourseError(
                f"`{name}` is a long study; run it alone: course.py bench {name}"
            )
        if name not in BENCHMARKS:
            close = difflib.get_close_matches(name, (*BENCHMARKS, *STUDIES), 1)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise CourseError(
                f"There is no benchmark `{name}`.{hint} There are "
                f"{', '.join(BENCHMARKS)}; and the long studies {', '.join(STUDIES)}."
            )
    return names or list(BENCHMARKS)


def _bench(names: list[str], quick: bool, folder: Path) -> int:
    """Run benchmarks, each in a process of its own if there are several."""
    if len(names) == 1:
        run(benchmark(names[0]), quick, folder)
        return 0
    if not quick:
        takes = _expected(names, folder)
        print(f"All of it takes {takes}. Leave the machine alone.", flush=True)
    failed = []
    for name in names:
        words = [sys.executable, "-m", "benchmarks", name, *["--quick"] * quick]
        failed += [name] * bool(_wait_for(words))
    if failed:
        print(f"These failed: {', '.join(failed)}.", file=sys.stderr)
    return int(bool(failed))


def run(
    benchmark: Benchmark,
    quick: bool = False,
    folder: Path = report.FOLDER,
    tell: Callable[[str], None] = lambda line: print(line, flush=True),
) -> Row:
    """Measure one benchmark; unless quick, write record, picture and README.md."""
    takes = "" if quick else f", {_expected([benchmark.name], folder)}"
    tell(f"{benchmark.name}: {benchmark.title}{takes}")
    importlib.import_module("benchmarks.draw")  # what it lacks, it should lack now
    record = benchmark.measure(tell, small=quick)
    record["alt"], image = drawn(benchmark.picture, record)
    for aim in [] if quick else record["aims"]:
        word = "met" if aim["met"] else "NOT MET"
        tell(f"  {word}: {aim['says']}: {shown(aim['measured'])} {aim['unit']}")
    if not quick:
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        records = read(folder) | {benchmark.name: record}
        _write(
            {
                folder / "records" / f"{benchmark.name}.json": text.encode(),
                folder / "pictures" / f"{benchmark.name}.png": image,
                folder / "README.md": _readme(records),
            }
        )
    return record


def redraw(folder: Path = report.FOLDER) -> None:
    """Make anew what follows from the records' rows: aims, pictures, README.md."""
    records, files = read(folder), {}
    for name, record in records.items():
        one = benchmark(name)
        record |= one.said_of(list(record["found"].values()))
        record["alt"], image = drawn(one.picture, record)
        text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        files[folder / "records" / f"{name}.json"] = text.encode()
        files[folder / "pictures" / f"{name}.png"] = image
    _write(files | {folder / "README.md": _readme(records)})


def read(folder: Path = report.FOLDER) -> dict[str, Row]:
    """Return the records that there are, in the order of the page."""
    paths = {name: folder / "records" / f"{name}.json" for name in BENCHMARKS}
    return {
        name: json.loads(path.read_text(encoding="utf-8"))
        for name, path in paths.items()
        if path.exists()
    }


def benchmark(name: str) -> Benchmark:
    """Return the benchmark of this name; its module is imported only now."""
    return importlib.import_module(f"benchmarks.{name}").BENCHMARK


def drawn(function: str, record: Row) -> tuple[str, bytes]:
    """Return alternative text and PNG of a record's picture."""
    from benchmarks import draw
    from qlib.plots.picture import small_png

    picture = getattr(draw, function)(record)
    return picture.alt, small_png(picture.figure, SHARPNESS)


def listing(folder: Path = report.FOLDER) -> str:
    """Return what can be named, and how long each takes."""
    lines = [
        "Measured by `course.py bench`, or one by one with `course.py bench NAME`:"
    ]
    records = read(folder)
    for name in BENCHMARKS:
        record = records.get(name)
        title = record["title"] if record else benchmark(name).title
        lines.append(f"  {name:15} {_expected([name], folder):24} {title}")
    lines.append("Long studies, by name only:")
    for name, (says, takes) in studies().items():
        lines.append(f"  {name:15} {takes:24} {says}")
    return "\n".join(lines)


def _expected(names: list[str], folder: Path) -> str:
    """Return how long benchmarks will take if they take as long as in their records."""
    records = read(folder)
    known = [records[name]["took"] for name in names if name in records]
    unknown = [name for name in names if name not in records]
    said = [_minutes(sum(known))] if known else []
    said += [f"an unknown time for {', '.join(unknown)}"] if unknown else []
    return " and ".join(said)


def _minutes(seconds: float) -> str:
    return f"about {max(seconds / 60, 0.5):.2g} minutes"


def _readme(records: dict[str, Row]) -> bytes:
    ordered = {name: records[name] for name in BENCHMARKS if name in records}
    return report.readme(ordered).encode()


def _write(files: dict[Path, bytes]) -> None:
    """Write files that belong together; Ctrl-C waits until all are there."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for path, content in files.items():
            write_whole(path, content)
    finally:
        signal.signal(signal.SIGINT, before)


def _study(name: str, args: list[str]) -> int:
    script = report.FOLDER / f"{name}.py"
    return _wait_for([sys.executable, str(script), *args])


def _wait_for(words: list[str]) -> int:
    """Run a program and return its exit status; after Ctrl-C let it end by itself."""
    with subprocess.Popen(words, cwd=ROOT) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            try:
                sys.exit(process.wait(timeout=20) or 1)  # it has told why
            except subprocess.TimeoutExpired:
                process.terminate()
                raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
