"""modules.md: the doors of sql/doors.toml drawn, and which module and road touches which table."""

from leadgen.db.doors import Doors, Room
from leadgen.docs.catalogue import Catalogue
from leadgen.docs.markdown import code, mermaid, page, table
from leadgen.docs.source import Source
from leadgen.docs.touched import find_touched


def make_modules(_: Catalogue, source: Source) -> str:
    """The page."""
    doors = source.doors
    touched = find_touched(doors)
    modules = ([f"`{name}`", room.owns, code(_in_order(doors, room))] for name, room in doors.modules.items())
    roads = (
        [f"`{name}`", room.owns, code(_in_order(doors, room)), code(sorted(room.roads))]
        for name, room in doors.roads.items()
    )
    tables = (
        [f"`{name}`", ", ".join(by.writes), ", ".join(by.locks), ", ".join(by.reads)]
        for name, by in sorted(touched.items())
    )
    return page(
        "Modules",
        "Who calls whom and who touches which table, from `sql/doors.toml`, which a test compares with what the "
        "functions do.",
        f"## The doors\n\n{_draw(doors)}\n\nClients call the façade, schema `leadgen`. An arrow means: calls, or takes "
        "types of; one that a longer way implies is left out. Everybody may call `leadgen.clock`.",
        f"## Modules\n\nFrom the ground up: a module calls only what stands above it.\n\n"
        f"{table(['module', 'what it owns', 'calls'], modules)}",
        f"## Roads\n\n{doors.roads_own}\n\n{table(['road', 'event', 'calls', 'goes on to'], roads)}",
        f"## Tables\n\nBy table: each module or road stands once, under the strongest of what it does.\n\n"
        f"{table(['table', 'written by', 'rows locked by', 'read by'], tables)}",
    )


def _in_order(doors: Doors, room: Room) -> list[str]:
    return [name for name in doors.modules if name in room.calls]


def _draw(doors: Doors) -> str:
    """Façade, roads and modules, without the arrows that a longer way implies."""
    calls = {name: set(room.calls) for name, room in doors.modules.items()}
    calls["roads"] = {name for room in doors.roads.values() for name in room.calls}
    calls["leadgen"] = set(doors.facade.calls)
    order = ["leadgen", "roads", *reversed(doors.modules)]
    lines = [
        f"  {name} --> {other}"
        for name in order
        for other in order
        if other in calls[name] and not any(_reaches(calls, third, other) for third in calls[name] - {other})
    ]
    return mermaid("flowchart TD", '  leadgen["leadgen (façade)"]', *lines)


def _reaches(calls: dict[str, set[str]], start: str, end: str) -> bool:
    return end in calls[start] or any(_reaches(calls, name, end) for name in calls[start])
