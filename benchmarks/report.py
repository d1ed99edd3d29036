"""Makes README.md from the records: every number and name in it was measured.

The words about a benchmark are in its record too, put there by its module.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks import harness, reliability, studies
from benchmarks.harness import Row, spoken
from benchmarks.tables import shown, table

FOLDER = Path(__file__).parent
RECORDS, PICTURES = FOLDER / "records", FOLDER / "pictures"
COLUMNS = ("group", "name", "kind", "seconds", "quartiles", "rounds", "ratio")

REST, QUICK = (f"{1e3 * seconds:g} ms" for seconds in (harness.REST, harness.QUICK))
HEAD = f"""\
# How fast, beside whom

    python3 course.py bench           measure all of this again, here
    python3 course.py bench kmeans    one benchmark
    python3 course.py bench --list    what there is, and how long it takes

Every contender is called twice to warm up. Then, in each round, each is timed once, in
an order drawn anew, so that a slow moment hits all; before that it rests for {REST},
and if it takes less than {QUICK}, makes a call that is not timed. Times are medians;
half of the rounds lie between the quartiles. "/ first" is the time over that of the
first contender of the task, taken within each round, then the median. This page is made
from the records: no measured number in it is typed. The limits of the aims are what the
functions reached when they were written, on a machine like this one, and what the
course allows itself in time and memory.
"""


def readme(records: Mapping[str, Row]) -> str:
    """Return the text of README.md from the records, in the order of the page."""
    parts = [HEAD, _aims(records.values()), _faster(records.values())]
    parts += [_section(record) for record in records.values()]
    return "\n".join([*parts, reliability.section(FOLDER), _studies()])


def _aims(records: Iterable[Row]) -> str:
    """Return the table of aims, and a sentence on what falls short."""
    judged = [(record, aim) for record in records for aim in record["aims"]]
    rows = [
        (
            _link(record),
            aim["says"],
            f"{_beside(aim)} {aim['unit']}".strip(),
            "yes" if aim["met"] else "**no**",
        )
        for record, aim in judged
    ]
    short = [
        f"- {aim['says']}; measured: {_beside(aim)} {aim['unit']}".rstrip() + "."
        for _, aim in judged
        if not aim["met"]
    ]
    said = "What falls short:\n\n" + "\n".join(short) if short else "All are met."
    lines = table(("benchmark", "aim", "measured", "met"), rows)
    return f"## Aims\n\n{lines}\n\n{said}\n"


def _beside(aim: Row) -> str:
    """Return what was measured, with enough digits to tell it from the limit."""
    found = shown(aim["measured"])
    same = found == shown(aim["limit"]) and aim["measured"] != aim["limit"]
    return f"{aim['measured']:.4g}" if same else found


def _faster(records: Iterable[Row]) -> str:
    """Return the table of all that is faster than the fastest of ours, task by task."""
    rows, lost, tasks = [], 0, 0
    for record in records:
        for title, (ours, faster, others) in rivals(record).items():
            tasks += bool(others)
            if not faster:
                continue
            lost += 1
            who = "; ".join(f"{name} {shown(times)}" for name, times in faster.items())
            rows.append((_link(record), title, f"`{ours['name']}`", who))
    head = ("benchmark", "task", "fastest of qlib", "faster, so many times")
    return (
        "## Where others are faster than qlib\n\n"
        f"In {lost} of {tasks} tasks another library, or plain code, is faster than "
        f"anything of qlib:\n\n{table(head, rows)}\n"
    )


def rivals(record: Row) -> dict[str, tuple[Row, dict[str, float], int]]:
    """Return for each task our fastest, {name: times as fast}, and how many others."""
    found = {}
    for title, rows in groups(record).items():
        ours = [row for row in rows if row["kind"] == "ours"]
        others = [row for row in rows if row["kind"] in ("peer", "plain")]
        if ours:
            best = min(ours, key=lambda row: row["seconds"])
            times = {row["name"]: best["seconds"] / row["seconds"] for row in others}
            times = dict(sorted(times.items(), key=lambda pair: -pair[1]))
            faster = {name: value for name, value in times.items() if value > 1}
            found[title] = best, faster, len(others)
    return found


def groups(record: Row) -> dict[str, list[Row]]:
    """Return the rows of each group, by its title."""
    found = {}
    for row in record["found"].values():
        found.setdefault(row["group"], []).append(row)
    return found


def _section(record: Row) -> str:
    """Return what there is about one benchmark: words, picture, table."""
    packages = ", ".join(f"{n} {v}" for n, v in record["packages"].items())
    busy = record["load before"]
    parts = [
        f"## {record['title']}",
        record["about"],
        f"![{record['alt']}](pictures/{record['benchmark']}.png)",
        *(["\n".join(f"- {note}" for note in record["notes"])] * bool(record["notes"])),
        "<details><summary>Every number</summary>",
        _numbers(record),
        "</details>",
        f"Measured {record['date']} on {record['machine']}; {packages}"
        + (f"; commit {record['commit']}" if record.get("commit") else "")
        + f". It took {_duration(record['took'])}"
        + (f"; load in the minute before: {busy}." if busy is not None else "."),
    ]
    return "\n\n".join(parts) + "\n"


def _numbers(record: Row) -> str:
    """Return the table of all rows."""
    more = dict.fromkeys(
        key for row in record["found"].values() for key in row if key not in COLUMNS
    )
    once = all(row["rounds"] == 1 for row in record["found"].values())
    timing = ("seconds",) if once else ("median", "quartiles", "/ first", "rounds")
    lines = []
    for title, rows in groups(record).items():
        for row in rows:
            line = [title, row["name"], spoken(row["seconds"])]
            if not once:
                ends = " to ".join(spoken(end) for end in row["quartiles"])
                line += [ends, shown(row["ratio"]), shown(row["rounds"])]
            lines.append([*line, *(shown(row.get(key)) for key in more)])
            title = ""  # once a group
    return table(("task", "contender", *timing, *more), lines)


def _studies() -> str:
    """Return the table of the long studies, from the scripts themselves."""
    rows = [
        (f"[`{name}`]({name}.py)", says, f"`python3 course.py bench {name}`", takes)
        for name, (says, takes) in studies().items()
    ]
    lines = table(("study", "question", "command", "takes"), rows)
    return (
        "## Long studies\n\nThey take too long for every day; `bench` without a "
        f"name leaves them out. Lessons that show one read its record.\n\n{lines}\n"
    )


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} minutes" if seconds >= 90 else f"{seconds:.0f} s"


def _link(record: Row) -> str:
    anchor = re.sub(r"[^a-z0-9 -]", "", record["title"].lower()).replace(" ", "-")
    return f"[{record['benchmark']}](#{anchor})"
