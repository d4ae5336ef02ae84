"""What a database's functions do, read from their bodies: whom they call, what they read, lock and write.

plpgsql_check knows calls and relations of PL/pgSQL; it does not say whether a relation is read or written, knows
nothing of functions in SQL, and is not to be had for every server. So the bodies are parsed here, by PostgreSQL's own
parser (pglast), and where plpgsql_check is at hand the two are compared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from pglast import ast, parse_plpgsql, parse_sql
from pglast.visitors import Skip, Visitor

from leadgen.db.doors import Doors

FUNCTIONS = """
select p.oid, n.nspname || '.' || p.proname, l.lanname, pg_get_functiondef(p.oid), p.prosrc, p.prosqlbody is not null,
  p.prosecdef, coalesce(p.proconfig, '{}'),
  array(
    select distinct tn.nspname || '.' || coalesce(e.typname, t.typname)
    from unnest(array[p.prorettype] || p.proargtypes::oid[] || p.proallargtypes) a
    join pg_type t on t.oid = a
    left join pg_type e on e.oid = t.typelem
    join pg_namespace tn on tn.oid = t.typnamespace
    where tn.nspowner = n.nspowner
  )
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_language l on l.oid = p.prolang
where n.nspowner = 'leadgen_owner'::regrole
order by 2, 1
"""

COMPOSITES = """
select n.nspname || '.' || t.typname
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
where n.nspowner = 'leadgen_owner'::regrole and t.typtype = 'c'
"""

SQL, PLPGSQL, PYTHON = "sql", "plpgsql", "plpython3u"
STATEMENT, EXPRESSION = 0, 2  # parseMode of PL/pgSQL; above it: an assignment
NAME = r"[a-z_][a-z0-9_]*"
QUALIFIED = re.compile(rf"\b(?!pg_catalog\.)({NAME}\.{NAME})(\[\])?")
DYNAMIC = ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors", "dynquery")
STATEMENTS = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt, ast.LockStmt)
PLAIN = (
    ast.RawStmt,
    ast.SelectStmt,
    ast.ResTarget,
    ast.FuncCall,
    ast.RangeFunction,
    ast.Alias,
    ast.ColumnRef,
    ast.A_Star,
    ast.String,
)
# A declaration of a record or of one of our types. The parser knows PostgreSQL's own types only (of a variable whose
# name does not start with v_ or c_ it says "LookupExplicitNamespace"), and it drops the value that a record starts
# with, so that becomes a variable of its own.
DECLARED = re.compile(
    rf"\b([vc]_\w+)(\s+constant)?\s+(record\b|(?!pg_catalog\.){NAME}\.{NAME})(\[\])?(?=\s*(:=|;))"
)


class UnreadableError(Exception):
    """A function that cannot be read; the message names it."""


@dataclass
class Function:
    """One function, and what its body does. Names are qualified; pg_catalog's are left out."""

    oid: int
    name: str
    language: str
    is_definer: bool = False
    settings: list[str] = field(default_factory=list)
    calls: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)  # called, too: by a name that a row of a registry holds
    types: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    locks: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    is_dynamic: bool = False
    is_door: bool = False  # nothing but one call, its parameters handed on

    @property
    def module(self) -> str:
        """The schema it stands in."""
        return self.name.partition(".")[0]


def read_functions(
    session: psycopg.Connection, doors: Doors, known: list[Function] | None = None
) -> list[Function]:
    """Every function of ours that is not `known`. Raises UnreadableError for one that the parser does not take."""
    oids = {function.oid for function in known or []}
    composites = {name for (name,) in session.execute(COMPOSITES)}
    rows = session.execute(FUNCTIONS).fetchall()
    functions = [_read(row, composites) for row in rows if row[0] not in oids]
    for function in functions:
        built = doors.dynamic.get(function.name)
        if built and built.named_by:
            function.named = {name for (name,) in session.execute(built.named_by.encode())}
    return functions


def read_query(text: str) -> Function:
    """What one SQL statement does, as if it were a function."""
    function = Function(0, "", SQL)
    _Statement(function)(parse_sql(text))
    return function


def _read(row: tuple[Any, ...], composites: set[str]) -> Function:
    oid, name, language, definition, source, is_parsed, is_definer, settings, types = row
    function = Function(oid, name, language, is_definer, settings, types=set(types))
    try:
        if language == PLPGSQL:
            _read_plpgsql(function, definition, composites)
        elif language == SQL and not is_parsed:
            _Statement(function)(parse_sql(source))
        elif language == PYTHON and "plpy" not in source:
            pass  # a pure function of its arguments
        else:
            raise UnreadableError(f"its language or form ({language}) is not one that is read here")
    except Exception as error:
        raise UnreadableError(f"{name}: {error}") from error
    return function


def _read_plpgsql(function: Function, definition: str, composites: set[str]) -> None:
    def say(name: str, is_array: str | None) -> str:
        """One of our types as the parser takes it."""
        return "text[]" if is_array else "record" if name in composites | {"record"} else "text"

    def declare(match: re.Match[str]) -> str:
        """A declared variable, what it starts with kept."""
        name, constant, kind, then = match[1], match[2] or "", say(match[3], match[4]), match[5]
        if kind == "record" and then == ":=":
            return f"{name} record; {name}_start{constant} text"
        return f"{name}{constant} {kind}"

    header, mark, body = definition.partition("AS $function$")
    name, bracket, signature = header.partition("(")
    signature = QUALIFIED.sub(lambda match: say(match[1], match[2]), signature).replace("VARIADIC ", "")
    function.types.update(match[3] for match in DECLARED.finditer(body) if match[3] != "record")
    parsed = parse_plpgsql(name + bracket + signature + mark + DECLARED.sub(declare, body))
    queries = [parse_sql(query) for query in _list_queries(parsed)]
    for query in queries:
        _Statement(function)(query)
    function.is_dynamic = any(word in DYNAMIC for word, _ in _walk(parsed))
    function.is_door = len(queries) == 1 and _is_one_statement(parsed) and _is_one_call(queries[0])


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a parsed body with what stands under it."""
    if isinstance(node, dict):
        for word, below in node.items():
            yield word, below
            yield from _walk(below)
    elif isinstance(node, list):
        for below in node:
            yield from _walk(below)


def _list_queries(parsed: Any) -> Iterator[str]:
    """The SQL in a parsed body, each piece as a statement."""
    for word, found in _walk(parsed):
        if word != "PLpgSQL_expr":
            continue
        text, mode = found["query"], found.get("parseMode", STATEMENT)
        if mode == STATEMENT:
            yield text
        elif mode == EXPRESSION:
            yield f"select {text}"
        else:
            target, _, value = text.partition(":=" if ":=" in text else "=")
            yield f"select {target}, {value}"


def _is_one_statement(parsed: Any) -> bool:
    body = parsed[0]["PLpgSQL_function"]["action"]["PLpgSQL_stmt_block"]["body"]
    said = [statement for statement in body if statement != {"PLpgSQL_stmt_return": {}}]
    return len(said) == 1


def _is_one_call(query: tuple[ast.RawStmt, ...]) -> bool:
    """Whether a statement is one call of a function of ours that hands columns or parameters on, and nothing else."""
    nodes = _Nodes()
    nodes(query)
    calls = [node.funcname or () for node in nodes.found if isinstance(node, ast.FuncCall)]
    return len(calls) == 1 and len(calls[0]) > 1 and not [n for n in nodes.found if not isinstance(n, PLAIN)]


class _Nodes(Visitor):
    """Collects every node."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[ast.Node] = []

    def visit(self, ancestors: Any, node: ast.Node) -> None:
        self.found.append(node)


class _Statement(Visitor):
    """Notes in a function what a statement of it does."""

    def __init__(self, function: Function) -> None:
        super().__init__()
        self.function = function

    def visit(self, ancestors: Any, node: ast.Node) -> Any:
        match node:
            case ast.RawStmt() if not isinstance(node.stmt, STATEMENTS):
                raise UnreadableError(f"a statement of kind {type(node.stmt).__name__}")
            case ast.FuncCall():
                self.function.calls.update(_qualified(node.funcname))
            case ast.TypeName():
                self.function.types.update(_qualified(node.names))
            case ast.RangeVar():
                self.function.reads.update(_relation(node))
            case ast.InsertStmt() | ast.UpdateStmt() | ast.DeleteStmt() | ast.MergeStmt():
                self.function.writes.update(_relation(node.relation))
            case ast.LockStmt():
                for table in node.relations or ():
                    self.function.locks.update(_relation(table))
                return Skip  # it reads no row of them
            case ast.SelectStmt():
                self.function.locks.update(_list_locked(node))
        return None


def _list_locked(query: ast.SelectStmt) -> Iterator[str]:
    """The tables whose rows a query locks."""
    tables: dict[str | None, ast.RangeVar] = {}
    for source in query.fromClause or ():
        tables |= _list_tables(source)
    for clause in query.lockingClause or ():
        names = [locked.relname for locked in clause.lockedRels or ()] or list(tables)
        for name in names:
            yield from _relation(tables.get(name))


def _list_tables(source: ast.Node | None) -> dict[str | None, ast.RangeVar]:
    """The tables of one entry of a from clause, joins opened, by alias."""
    if isinstance(source, ast.JoinExpr):
        return _list_tables(source.larg) | _list_tables(source.rarg)
    if isinstance(source, ast.RangeVar):
        return {source.alias.aliasname if source.alias else source.relname: source}
    return {}


def _qualified(names: tuple[ast.String, ...] | None) -> list[str]:
    parts = [str(name.sval) for name in names or ()]
    return [".".join(parts)] if len(parts) > 1 and parts[0] != "pg_catalog" else []


def _relation(table: ast.RangeVar | None) -> list[str]:
    """The table's qualified name; nothing for the server's own, and for the name of a query in `with`."""
    if table is None or table.schemaname in (None, "pg_catalog", "information_schema"):
        return []
    return [f"{table.schemaname}.{table.relname}"]
