"""What the functions do against what sql/doors.toml says they may: every difference is a line of text."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from leadgen.db.doors import FACADE, KINDS, ROADS, VIEWS, Doors, Room

from .reader import Function

CREATED = re.compile(r"^create or replace function (\w+\.\w+)\(", re.MULTILINE)
CLOCK = "leadgen.clock"  # the one function of the façade that everybody may call
PINNED = "search_path=pg_catalog, pg_temp"
READ_NO_TABLE = ("kernel", "rules")
LAST = "rehearsal"  # called by roads and façade only
# What each of a lead's roads comes through, and the door whose settings their statements are planned under. A plan
# that a connection has cached serves whichever door comes next, so all of them set the same.
LEAD_ROADS = ("roads.take_lead", "roads.route_lead_again")
LEAD_DOOR = "leadgen.submit_lead"

# room: kind: what it touches: by which functions
Measured = dict[str, dict[str, dict[str, set[str]]]]


def find_files(root: Path) -> dict[str, str]:
    """The file of each function under sql/functions, without its ending: {"roads.submit_lead": "lead_arrives"}."""
    return {name: path.stem for path in root.rglob("*.sql") for name in CREATED.findall(path.read_text())}


def measure(functions: list[Function], doors: Doors, files: dict[str, str]) -> Measured:
    """What each room does, and by which functions; what a function builds at run time is as doors.toml says."""
    measured: Measured = defaultdict(lambda: {kind: defaultdict(set) for kind in KINDS})
    for function in functions:
        room = measured[room_of(function.name, files)]
        for kind, name in list_doors(function, files):
            room[kind][name].add(function.name)
        for kind in KINDS if function.name in doors.dynamic else ():
            for name in getattr(doors.dynamic[function.name], kind):
                room[kind][name].add(function.name)
    for room in measured.values():
        keep_the_strongest(room)
    return measured


def list_doors(function: Function, files: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each door that a function uses: its kind, and what is behind it."""
    room = room_of(function.name, files)
    types = {name for name in function.types if not name.startswith(f"{FACADE}.")}  # rows of tables are free
    for name in function.calls | function.named | types:
        other = room_of(name, files)
        module, _, road = other.partition(".")
        if name == CLOCK or other == room:
            continue
        if road and function.module == ROADS:
            yield "roads", road
        else:
            yield "calls", module
    for kind in ("writes", "locks", "reads"):
        yield from ((kind, name.removeprefix(f"{FACADE}.")) for name in getattr(function, kind))


def keep_the_strongest(kinds: dict[str, dict[str, set[str]]]) -> None:
    """A table that is written is not also said to be locked or read."""
    for name in kinds["writes"]:
        kinds["locks"].pop(name, None)
    for name in kinds["writes"].keys() | kinds["locks"].keys():
        kinds["reads"].pop(name, None)


def room_of(name: str, files: dict[str, str]) -> str:
    """The room of a function or type: its module, or its road."""
    module = name.partition(".")[0]
    return f"{ROADS}.{files.get(name, '?')}" if module == ROADS else module


def compare(room: Room, kinds: dict[str, dict[str, set[str]]]) -> Iterator[str]:
    """A door that is missing, and one that nobody uses."""
    for kind in KINDS:
        declared, found = getattr(room, kind), kinds[kind]
        for name in sorted(found.keys() - declared):
            yield f"{room.name}: {kind} {name} ({', '.join(sorted(found[name])[:3])}): not declared"
        for name in sorted(declared - found.keys()):
            yield f"{room.name}: {kind} {name}: declared, and nothing does"


def compare_all(functions: list[Function], doors: Doors, files: dict[str, str]) -> list[str]:
    """Every door that is missing and every one that is not used, façade and roads included."""
    measured = measure(functions, doors, files)
    rooms = {room.name: room for room in doors.rooms()}
    measured[VIEWS]["reads"] = {
        name: set() for name in doors.views.reads
    }  # its views': test_doors asks PostgreSQL
    faults = [f"{name}: not a room of sql/doors.toml" for name in sorted(measured.keys() - rooms.keys())]
    for name, room in rooms.items():
        faults += compare(room, measured[name])
    return faults


def find_circles(doors: Doors) -> list[str]:
    """Modules that call one that stands below them in the file, and roads that lead back to where they came from."""
    order = [*doors.modules, ROADS, FACADE]
    faults = [
        f"{room.name} calls {other}, which does not stand above it"
        for room in [*doors.modules.values(), doors.facade]
        for other in sorted(room.calls)
        if other not in order[: order.index(room.name)]
    ]
    for name, room in doors.roads.items():
        faults += [
            f"roads.{name} calls {other}, no module" for other in sorted(room.calls - doors.modules.keys())
        ]
    ahead = {name: _list_ahead(doors, name) for name in doors.roads}
    circles = {
        frozenset({name} | {one for one in ahead[name] if name in ahead[one]})
        for name in ahead
        if name in ahead[name]
    }
    return faults + [f"roads {', '.join(sorted(circle))} lead back to each other" for circle in circles]


def _list_ahead(doors: Doors, start: str) -> set[str]:
    """The roads that a road leads to; itself only where there is a way back."""
    seen: set[str] = set()
    ahead = set(doors.roads[start].roads)
    while ahead:
        seen.add(road := ahead.pop())
        ahead |= doors.roads[road].roads - seen
    return seen


def find_trespassers(functions: list[Function], doors: Doors) -> list[str]:
    """What no door can allow: who calls roads, who calls rehearsal, who reads tables, who writes for others."""
    by_name = group(functions)
    faults = []
    for function in functions:
        is_road = function.module in (ROADS, FACADE)
        for name in sorted(function.calls | function.named):
            module = name.partition(".")[0]
            if module == FACADE and name != CLOCK:
                faults.append(f"{function.name} calls {name}: only clients call the façade")
            if module in (ROADS, LAST) and not is_road and module != function.module:
                faults.append(f"{function.name} calls {name}: only roads and the façade may")
            is_foreign = module != function.module and name not in doors.shared_writers
            if is_foreign and not is_road and reach(name, "writes", by_name):
                faults.append(
                    f"{function.name} calls {name}, which writes: what several modules do together is a road"
                )
        if function.module in READ_NO_TABLE and (tables := reach(function.name, "reads", by_name)):
            faults.append(
                f"{function.name} reads {', '.join(sorted(tables))}: {function.module} reads no table"
            )
    return faults


def group(functions: list[Function]) -> dict[str, list[Function]]:
    """The functions by name; those of one name differ in their parameters."""
    by_name: dict[str, list[Function]] = defaultdict(list)
    for function in functions:
        by_name[function.name].append(function)
    return by_name


def reach(name: str, kind: str, by_name: dict[str, list[Function]]) -> set[str]:
    """The tables that a function reads or writes, itself or by those it calls."""
    called = list_called(name, by_name)
    return {table for one in called for function in by_name.get(one, []) for table in getattr(function, kind)}


def list_called(name: str, by_name: dict[str, list[Function]]) -> set[str]:
    """A function and all those that it calls, directly or not."""
    seen: set[str] = set()
    ahead = {name}
    while ahead:
        seen.add(one := ahead.pop())
        for function in by_name.get(one, []):
            ahead |= (function.calls | function.named) - seen
    return seen


def check_facade(functions: list[Function]) -> list[str]:
    """Functions of schema leadgen that are more than a thin door."""
    faults = []
    for function in functions:
        if function.module != FACADE or function.name == CLOCK:
            continue
        if not function.is_door:
            faults.append(f"{function.name} is not one call that hands its parameters on")
        if not function.is_definer or PINNED not in function.settings:
            faults.append(f"{function.name} is not security definer with {PINNED}")
    return faults


def check_planner(functions: list[Function]) -> list[str]:
    """Functions of the façade that bring a lead on its road under other planner settings than submit_lead."""
    by_name = group(functions)
    (door,) = by_name[LEAD_DOOR]
    return [
        f"{function.name} reaches {road} without: set {setting}"
        for function in functions
        if function.module == FACADE
        for road in sorted(list_called(function.name, by_name).intersection(LEAD_ROADS))
        for setting in door.settings
        if setting not in function.settings
    ]


def check_dynamic(functions: list[Function], doors: Doors) -> list[str]:
    """Statements built at run time that are not declared, and declared functions that build none."""
    built = {function.name for function in functions if function.is_dynamic}
    return [
        *(
            f"{name} builds a statement at run time: say what it touches"
            for name in sorted(built - doors.dynamic.keys())
        ),
        *(
            f"{name}: declared dynamic, and builds no statement"
            for name in sorted(doors.dynamic.keys() - built)
        ),
    ]


def check_exceptions(functions: list[Function], doors: Doors) -> list[str]:
    """Declared exceptions that nobody needs any more."""
    by_name = group(functions)
    called = {(name, one.module) for one in functions for name in one.calls | one.named}
    faults = []
    for name in sorted(doors.shared_writers):
        callers = {module for one, module in called if one == name} - {name.partition(".")[0], ROADS, FACADE}
        if not callers or not reach(name, "writes", by_name):
            faults.append(f"{name}: a shared writer that no other module calls, or that does not write")
    return faults


def find_unused(functions: list[Function], doors: Doors, by_triggers: set[str]) -> list[str]:
    """Functions that nothing calls."""
    called = {name for one in functions for name in one.calls | one.named if name != one.name}
    names = {function.name for function in functions if function.module != FACADE}
    unused = names - called - by_triggers - doors.outside
    return [
        *(f"{name}: nothing calls it" for name in sorted(unused)),
        *(
            f"{name}: declared as called from outside, and there is no such function"
            for name in sorted(doors.outside - names)
        ),
    ]
