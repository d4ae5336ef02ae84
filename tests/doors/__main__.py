"""Writes the lists of sql/doors.toml anew from the functions: `make doors`, then look at the difference."""

import re

import psycopg

from leadgen.db.doors import KINDS, VIEWS, read_doors
from leadgen.db.migrate import migrate
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import running_cluster

from .faults import find_files, measure
from .reader import read_functions
from .views import read_views

FILE = sql_dir() / "doors.toml"
SECTION = re.compile(r"^\[([\w.]+)\]$", re.MULTILINE)
LISTS = re.compile(rf"^(?:{'|'.join(KINDS)}) = \[[^\]]*\]\n", re.MULTILINE)
WIDTH = 120


def main() -> None:
    """Migrate a database of its own, read its functions and write the file."""
    with running_cluster() as cluster:
        url = cluster.create("doors")
        migrate(url, Settings(), reference=False, say=lambda _: None)
        doors = read_doors(FILE)
        with psycopg.connect(url) as session:
            functions, views = read_functions(session, doors), read_views(session)
    measured = measure(functions, doors, find_files(FILE.parent / "functions"))
    found = {room: {kind: set(names) for kind, names in kinds.items()} for room, kinds in measured.items()}
    found.setdefault(VIEWS, {})["reads"] = views.tables
    FILE.write_text(rewrite(FILE.read_text(encoding="utf-8"), found), encoding="utf-8")


def rewrite(text: str, found: dict[str, dict[str, set[str]]]) -> str:
    """The file with the lists of every room in `found` as they are there."""
    starts = [match.start() for match in SECTION.finditer(text)]
    parts = [text[: starts[0]]]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        section = text[start:end]
        name = section[1 : section.index("]")]
        parts.append(rewrite_section(section, found[name]) if name in found else section)
    return "".join(parts)


def rewrite_section(section: str, kinds: dict[str, set[str]]) -> str:
    """One section: its first two lines (name and owns) and whatever follows stay, its lists are new."""
    name, owns, rest = section.split("\n", 2)
    lists = "".join(show_list(kind, kinds[kind]) for kind in KINDS if kinds.get(kind))
    return f"{name}\n{owns}\n{lists}{LISTS.sub('', rest)}"


def show_list(kind: str, names: set[str]) -> str:
    """`reads = ["leads", …]`, broken into lines where it is long."""
    quoted = [f'"{name}"' for name in sorted(names)]
    line = f"{kind} = [{', '.join(quoted)}]\n"
    if len(line) <= WIDTH:
        return line
    lines = [" "]
    for word in quoted:
        if len(lines[-1]) + len(word) + 2 > WIDTH:
            lines.append(" ")
        lines[-1] += f" {word},"
    return f"{kind} = [\n" + "\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    main()
