"""functions.md: the façade, then the functions of each module, file by file."""

from leadgen.db.doors import VIEWS
from leadgen.docs.catalogue import Catalogue, Function
from leadgen.docs.markdown import bullets, page, short, table
from leadgen.docs.scan import list_items
from leadgen.docs.source import File, Source

FACADE = "leadgen"


def make_functions(catalogue: Catalogue, source: Source) -> str:
    """The page."""
    by_name: dict[str, list[Function]] = {}
    for function in catalogue.functions:
        by_name.setdefault(function.name, []).append(function)
    doors = source.doors
    parts = [f"## leadgen\n\n{doors.facade.owns}"]
    parts += [_describe_facade(file, by_name) for file in source.of_module(FACADE)]
    parts.append(f"## {VIEWS}\n\nWhat analysts may call.")
    parts += [_describe_facade(file, by_name) for file in source.of_module(VIEWS)]
    modules = {**{name: room.owns for name, room in doors.modules.items()}, "roads": doors.roads_own}
    for module, owns in modules.items():
        parts.append(f"## {module}\n\n{owns}")
        parts += [_describe_file(file, by_name) for file in source.of_module(module)]
        parts += [_describe_python(source)] if module == "rules" and source.python else []
    return page(
        "Functions",
        "What clients may call, then what stands behind it, module by module and file by file, "
        "from the database and its comments.",
        *parts,
    )


def _describe_facade(file: File, by_name: dict[str, list[Function]]) -> str:
    rows = (
        [f"`{function.name}{_sign(function)}`", ", ".join(function.roles) or "everybody", function.comment]
        for name in file.makes
        for function in by_name.get(name, [])
    )
    listed = table(["function", "who may call it", "what it does"], rows)
    return f"### {file.directory}/{file.stem}\n\n{file.heading}\n\n{listed}"


def _describe_file(file: File, by_name: dict[str, list[Function]]) -> str:
    functions = [function for name in dict.fromkeys(file.makes) for function in by_name.get(name, [])]
    lines = bullets(f"`{function.name}{_sign(function)}`: {function.comment}" for function in functions)
    return f"### {file.directory}/{file.stem}\n\n{file.heading}\n\n{lines}"


def _describe_python(source: Source) -> str:
    lines = bullets(
        f"`{rule.name}({rule.arguments}) → {rule.result}`: {rule.comment}" for rule in source.python
    )
    return f"### rules in Python\n\nLoaded where the server has PL/Python (`sql/plpython`).\n\n{lines}"


def _sign(function: Function) -> str:
    """Parameters and result; of a table only the names of its columns."""
    result = short(function.result)
    if result.startswith("table("):
        names = (column.split()[0] for column in list_items(result.removeprefix("table(")))
        result = f"table ({', '.join(names)})"
    return f"({short(function.arguments)}) → {result}"
