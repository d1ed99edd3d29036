"""Makes README.md from the records: every number and name in it was measured.

The words about a benchmark are in its record too, put there by its module.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks import reliability, studies
from benchmarks.harness import Row, spoken
from benchmarks.tables import shown, table

FOLDER = Path(__file__).parent
RECORDS, PICTURES = FOLDER / "records", FOLDER / "pictures"
COLUMNS = ("group", "name", "kind", "seconds", "quartiles", "rounds", "ratio")

HEAD = """\
# How fast, beside whom

    python3 course.py bench           measure all of this again, here
    python3 course.py bench kmeans    one benchmark
    python3 course.py bench --list    what there is, and how long it takes

In each round every contender is timed once, in an order drawn anew, so that a slow
moment hits all. Times are medians; half of the rounds lie between the quartiles. This
page is made from `records/`: nothing in it is typed by hand.
"""


def readme(records: Mapping[str, Row]) -> str:
    """Return the text of README.md from the records, in the order of the page."""
    parts = [HEAD, _aims(records.values()), _peers(records.values())]
    parts += [_section(record) for record in records.values()]
    return "\n".join([*parts, reliability.section(FOLDER), _studies()])


def _aims(records: Iterable[Row]) -> str:
    """Return the table of aims, and a sentence on what falls short."""
    judged = [(record, aim) for record in records for aim in record["aims"]]
    rows = [
        (
            _link(record),
            aim["says"],
            f"{shown(aim['measured'])} {aim['unit']}".strip(),
            "yes" if aim["met"] else "**no**",
        )
        for record, aim in judged
    ]
    short = [
        f"- {aim['says']}; measured: {shown(aim['measured'])} {aim['unit']}".rstrip()
        + "."
        for _, aim in judged
        if not aim["met"]
    ]
    said = "What falls short:\n\n" + "\n".join(short) if short else "All are met."
    lines = table(("benchmark", "aim", "measured", "met"), rows)
    return f"## Aims\n\n{lines}\n\n{said}\n"


def _peers(records: Iterable[Row]) -> str:
    """Return where a peer is faster than the fastest of ours, one line a benchmark."""
    lines = []
    for record in records:
        pairs = rivals(record)
        faster = [pair for pair in pairs if pair[2] > 1]
        if not pairs:
            continue
        line = f"- {_link(record)}: in {len(faster)} of {len(pairs)} tasks"
        if faster:
            ours, peer, times = max(faster, key=lambda pair: pair[2])
            line += (
                f'; most in "{ours["group"]}", where {peer["name"]} is '
                f"{shown(times)} times as fast as `{ours['name']}`"
            )
        lines.append(line + ".")
    return "## Where a peer is faster than qlib\n\n" + "\n".join(lines) + "\n"


def rivals(record: Row) -> list[tuple[Row, Row, float]]:
    """Return for each group: our fastest, the fastest peer, how much faster it is."""
    found = []
    for rows in groups(record).values():
        ours = [row for row in rows if row["kind"] == "ours"]
        peers = [row for row in rows if row["kind"] == "peer"]
        if ours and peers:
            us, them = (min(r, key=lambda row: row["seconds"]) for r in (ours, peers))
            found.append((us, them, us["ratio"] / them["ratio"]))
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
        f"Measured {record['date']} on {record['machine']}; {packages}. "
        f"It took {_duration(record['took'])}"
        + (f"; load of the machine before: {busy}." if busy is not None else "."),
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
