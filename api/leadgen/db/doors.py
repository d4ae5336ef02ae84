"""sql/doors.toml: which module may call which, and which tables each module and road may touch."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leadgen.db.tree import SqlError

FACADE = "leadgen"
VIEWS = "report"
ROADS = "roads"
KINDS = ("calls", "roads", "writes", "locks", "reads")


@dataclass(frozen=True)
class Room:
    """A module, a road, the façade or the views: whom it calls and which tables it touches.

    A table stands once, under the strongest of what is done to it: writes, locks (rows), reads.
    """

    name: str  # market, roads.lead_arrives, leadgen
    owns: str
    calls: frozenset[str]  # modules, by function or by type
    roads: frozenset[str]  # other roads, by the name of their file
    writes: frozenset[str]
    locks: frozenset[str]
    reads: frozenset[str]
    named_by: str = (
        ""  # of a function with EXECUTE: a query for the functions that it calls by a name in a row
    )


@dataclass(frozen=True)
class Doors:
    """The declared doors. `modules` stand in the order of the file, from the ground up."""

    modules: dict[str, Room]
    roads: dict[str, Room]
    roads_own: str  # what roads are, as `owns` says of a room
    facade: Room
    views: Room
    dynamic: dict[str, Room]  # functions with EXECUTE: what their built statements touch
    shared_writers: frozenset[str]  # functions that write, and that other modules may call all the same
    outside: frozenset[str]  # functions that programs call, past the façade

    def rooms(self) -> list[Room]:
        """Everything that has doors: modules, roads, façade, views."""
        return [*self.modules.values(), *self.roads.values(), self.facade, self.views]


def read_doors(path: Path) -> Doors:
    """The doors as the file says. Raises SqlError for a word that it does not know."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    words = content.pop("exceptions")
    dynamic = {name: _room(path, name, body) for name, body in words.pop("dynamic", {}).items()}
    roads = content.pop(ROADS)
    roads_own = roads.pop("owns")
    facade, views = (content.pop(name) for name in (FACADE, VIEWS))
    return Doors(
        modules={name: _room(path, name, body) for name, body in content.items()},
        roads={name: _room(path, f"{ROADS}.{name}", body) for name, body in roads.items()},
        roads_own=roads_own,
        facade=_room(path, FACADE, facade),
        views=_room(path, VIEWS, views),
        dynamic=dynamic,
        shared_writers=frozenset(words["shared_writers"]),
        outside=frozenset(words["outside"]),
    )


def _room(path: Path, name: str, body: dict[str, Any]) -> Room:
    known = ["owns", *KINDS, "named_by"]
    unknown = sorted(body.keys() - {*known})
    if unknown:
        raise SqlError(f"{path.name}: [{name}] says {unknown[0]}, known are {', '.join(known)}")
    kinds = {kind: frozenset(body.get(kind, [])) for kind in KINDS}
    return Room(name, body["owns"], named_by=body.get("named_by", ""), **kinds)
