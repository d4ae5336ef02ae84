"""pgspot finds nothing that a name of somebody else's could slip into.

It judges a file by itself, so it is given what a deploy and the callers see to: the search_path of a deploy, and
schemas that nobody but the owner writes to. A function that is no security definer runs with the path of its caller. No
login may call one (the last test), so that is always a security definer, whose path is pinned; it is judged with that
path.
"""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from leadgen.db.owner import SCHEMAS
from leadgen.db.tree import SqlTree
from leadgen.paths import checkout, sql_dir

TREE = SqlTree(sql_dir())
PROGRAM = (checkout() or Path()) / ".leadgen/pgspot/bin/pgspot"
PATH = "set search_path = pg_catalog, pg_temp\n"
DEPLOY = PATH.replace("\n", ";\n") + "".join(f"create schema {schema};\n" for schema in SCHEMAS)
FUNCTION = re.compile(r"create (?:or replace )?function .*?\n(?=as \$\$)", re.DOTALL)
# Its parser knows no types, so it takes a field of a composite variable for a variable that was never declared. Which
# field is written to is nothing that it judges.
ASSIGNED = re.compile(r"(?m)^(\s*v_\w+)(?:\.\w+)+((?:\[[^\]\n]*\])?) :=")
INTO = re.compile(r"\binto\s+(?:strict\s+)?(v_\w+)(?:\.\w+)*(?:,\s*v_\w+(?:\.\w+)*)*")
RETURNED = re.compile(r"(?m)^(\s*)return next (?=\S)")  # what it cannot read
OPENED = re.compile(
    r"(?m)^(\s*)open \w+ (?:no scroll )?for (?=execute )"
)  # likewise: the statement is what it judges
CLEAN = "Errors: 0 Warnings: 0 Unknown: 0"

needs_pgspot = pytest.mark.skipif(not PROGRAM.exists(), reason="pgspot could not be had (scripts/get-pgspot)")


def as_run(text: str) -> str:
    """A file as pgspot can judge it."""
    text = OPENED.sub(r"\1", text)
    text = RETURNED.sub(r"\1perform ", INTO.sub(r"into \1", ASSIGNED.sub(r"\1\2 :=", text)))
    return FUNCTION.sub(lambda found: found[0] + ("" if "set search_path" in found[0] else PATH), text)


def judge(text: str, directory: Path) -> str:
    """What pgspot says of statements; empty when it finds nothing."""
    script = directory / "script.sql"
    script.write_text(DEPLOY + text)
    done = subprocess.run([PROGRAM, "--plpgsql", script], capture_output=True, text=True, check=False)
    said = done.stdout.strip() + done.stderr.strip()
    return "" if said == CLEAN else said


def parts() -> dict[str, list[Path]]:
    """The files by directory: what every deploy runs, the tables, the roles, and the migrations that are not frozen."""
    found: dict[str, list[Path]] = {}
    late = [one.path for one in TREE.migrations() if one.number >= 56]
    for path in dict.fromkeys([*TREE.tables(), *TREE.reloaded(with_python=False), TREE.roles, *late]):
        found.setdefault(str(path.parent.relative_to(TREE.root)), []).append(path)
    return found


@needs_pgspot
@pytest.mark.parametrize("part", parts())
def test_nothing_is_found(part: str, tmp_path: Path) -> None:
    texts = [as_run(path.read_text()) for path in parts()[part]]
    assert judge("\n".join(texts), tmp_path) == ""


@needs_pgspot
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("create function leadgen.f() returns int language sql security definer as $$ select 1 $$;", "PS003"),
        (
            "create function leadgen.f() returns int language sql security definer set search_path = public\n"
            "as $$ select 1 $$;",
            "PS004",
        ),
        ("create function f() returns int language sql\nas $$ select 1 $$;", "PS005"),
        ("create or replace function public.f() returns int language sql\nas $$ select 1 $$;", "PS002"),
        ("set search_path to public; select leadgen.f() ~ 'x';", "PS001"),
    ],
)
def test_a_fault_would_be_found(fault: str, code: str, tmp_path: Path) -> None:
    assert code in judge(fault, tmp_path)


def test_no_login_calls_a_function_that_is_not_pinned(module_session: psycopg.Connection) -> None:
    """leadgen_reader is none: functions that belong to it call them, each of which is pinned."""
    found = module_session.execute(
        """
        select r.rolname::text, p.oid::regprocedure::text
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace and n.nspowner = 'leadgen_owner'::regrole
        cross join pg_roles r
        where r.rolname like 'leadgen\\_%' and r.rolname not in ('leadgen_owner', 'leadgen_migrator', 'leadgen_reader')
          and has_function_privilege(r.oid, p.oid, 'execute')
          and coalesce(not 'search_path=pg_catalog, pg_temp' = any (p.proconfig), true)
        """
    ).fetchall()
    assert found == []
