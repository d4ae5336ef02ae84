"""Which module and road touches which table, turned round from sql/doors.toml."""

from collections import defaultdict
from dataclasses import dataclass, field

from leadgen.db.doors import Doors


@dataclass
class Touched:
    """The rooms that do something to one table; each stands once, under the strongest."""

    writes: list[str] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)


def find_touched(doors: Doors) -> dict[str, Touched]:
    """By table: modules in their order, then roads, then the views."""
    touched: dict[str, Touched] = defaultdict(Touched)
    for room in doors.rooms():
        for kind in ("writes", "locks", "reads"):
            for name in getattr(room, kind):
                getattr(touched[name], kind).append(room.name)
    return touched
