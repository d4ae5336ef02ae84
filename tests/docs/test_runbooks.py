"""docs/runbooks: the blocks of a page are run on a database that has its trouble (see rig/pages.py).

What a page types by hand is run where its trouble can be made: failover, recovery, PgBouncer in tests/ops.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import add_sale, make_lead, running_api
from leadgen.paths import checkout
from leadgen.sealing.keyring import load_ring, make_key
from leadgen.sealing.store import fill_vault
from rig.catalogue import Catalogue
from rig.pages import Snippet, newcomer, read_snippets

ROOT = checkout() or Path()
RUNBOOKS = ROOT / "docs/runbooks"
PARTS = (
    "## What you see",
    "## What it means",
    "hat to do now",
    "## How to know that it is over",
    "so that it stays away",
)
OURS = ("failover", "point-in-time-recovery", "wraparound", "locks", "key-lost", "wrong-policy-live")
LOOKS = (
    "deliveries-pile-up", "endpoint-down", "chores-stand-still", "api-errors", "database-slow", "disk-full",
    "leads-unsold", "money-low")  # fmt: skip
LOOK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
FIRST = make_key("first")
WRAPPED = "select distinct wrapped_by from leadgen.data_keys where retired_at is null or purpose = 'digest'"


@pytest.mark.parametrize("name", OURS)
def test_a_page_says_what_every_page_says(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    places = [text.find(part) for part in PARTS]
    assert -1 not in places
    assert places == sorted(places)


def test_the_index_has_every_page() -> None:
    listed = set(re.findall(r"\]\(([\w-]+)\.md\)", (RUNBOOKS / "README.md").read_text()))
    assert listed == {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}


def test_what_pages_have_typed_to_look_is_taken(
    stocked_database: str, leadgen_here: Callable[..., CompletedProcess[str]]
) -> None:
    """Of pages whose trouble is not made here: their statements and commands, on a database that is well."""
    looks = "".join(block for name in LOOKS for block in LOOK.findall((RUNBOOKS / f"{name}.md").read_text()))
    statements = re.findall(r"^select [^;]*;", looks, re.MULTILINE)
    commands = re.findall(r"^leadgen ([^#\n]*)", looks, re.MULTILINE)
    assert (len(statements), len(commands)) > (10, 8)
    with psycopg.connect(stocked_database, autocommit=True) as session:
        sale = add_sale(session)
        lead, buyer = session.execute(
            "select lead_id, buyer_id from leadgen.lead_assignments where id = %s", [sale]
        ).fetchone() or ("", "")
        offer = session.execute("select slug from leadgen.offers").fetchone() or ("",)
        for statement in statements:
            session.execute(statement.encode())
    here = {"OFFER": str(offer[0]), "LEAD": str(lead), "7": str(buyer)}
    for command in commands:
        words = [here.get(word, word) for word in command.split()]
        done = leadgen_here(*words, DATABASE_URL=stocked_database)
        assert done.returncode == 0, (command, done.stderr)


def snippets_of(name: str, changes: dict[str, str]) -> Iterator[Snippet]:
    """The blocks of a page, with what is of this database put into it."""
    text = (RUNBOOKS / f"{name}.md").read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    yield from read_snippets(f"docs/runbooks/{name}.md", text)


def follow(
    name: str, database: str, notes: Path, changes: dict[str, str] | None = None, **variables: str
) -> None:
    """Do as a page says, from top to bottom."""
    path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
    environment = {"PATH": path, "LANG": "C.UTF-8", "HOME": str(notes), "DATABASE_URL": database} | variables
    with newcomer(ROOT, notes, environment) as operator:
        for snippet in snippets_of(name, changes or {}):
            operator.run(snippet)


def test_wraparound(stocked_database: str, tmp_path: Path) -> None:
    follow("wraparound", stocked_database, tmp_path)


def test_locks(stocked_database: str, tmp_path: Path) -> None:
    """Somebody has locked an offer's row and gone home; the page's blocks find the session, and its command ends it."""
    with closing(psycopg.connect(stocked_database, application_name="gone home")) as holder:
        holder.execute("select 1 from leadgen.offers for update")
        pid = holder.info.backend_pid
        first, second, by_hand, *others = snippets_of("locks", {"12345": str(pid)})
        path = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]])
        environment = {
            "PATH": path,
            "LANG": "C.UTF-8",
            "HOME": str(tmp_path),
            "DATABASE_URL": stocked_database,
        }
        with (
            newcomer(ROOT, tmp_path, environment) as operator,
            psycopg.connect(stocked_database, autocommit=True) as waiter,
        ):
            waiter.pgconn.send_query(b"update leadgen.offers set name = name")
            operator.run(first)
            operator.run(
                Snippet(
                    second.page,
                    second.line,
                    "sh",
                    second.text,
                    f"…\npid | {pid}\n…\napplication_name | gone home\n…\n",
                )
            )
            assert by_hand.by_hand
            typed = by_hand.text.split("\n", 1)[1]
            operator.run(Snippet(by_hand.page, by_hand.line, "sh", typed))
            while (result := waiter.pgconn.get_result()) is not None:
                assert not result.error_message
            for snippet in others:
                operator.run(snippet)


def test_key_leaked(stocked_database: str, tmp_path: Path) -> None:
    with psycopg.connect(stocked_database, autocommit=True) as session:
        ring = load_ring(FIRST, None, None)
        assert ring
        fill_vault(session, ring)
        follow("key-lost", stocked_database, tmp_path, PII_KEYS=FIRST)
        assert session.execute(WRAPPED).fetchall() == [("2027-01",)]


def test_key_lost(stocked_database: str, tmp_path: Path) -> None:
    """Its commands by hand: leads are taken again under a new key, and what is sealed stays so."""
    with running_api(stocked_database, tmp_path, PII_KEYS=FIRST) as api:
        assert api.post(make_lead()).status == 202
    second = make_key("second")
    with running_api(stocked_database, tmp_path, PII_KEYS=second) as api:
        assert api.post(make_lead()).status == 503
    (lost,) = [one for one in snippets_of("key-lost", {}) if "gone for good" in one.text]
    typed = Snippet(lost.page, lost.line, "sh", lost.text.split("\n", 1)[1])
    with newcomer(
        ROOT, tmp_path, {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "DATABASE_URL": stocked_database}
    ) as operator:
        operator.run(typed)
    with running_api(stocked_database, tmp_path, PII_KEYS=second) as api:
        assert api.post(make_lead()).status == 202
    with psycopg.connect(stocked_database) as session:
        sealed = session.execute("select count(*) from leadgen.leads where sealed is not null").fetchone()
        kept = session.execute("select purpose, wrapped_by from public.lost_keys").fetchall()
    assert sealed == (2,)
    assert kept == [("digest", "first")]


def test_wrong_policy_live(database: str, tmp_path: Path) -> None:
    """Version 2 sends leads to the dear buyer alone."""
    with psycopg.connect(database, autocommit=True) as session:
        catalogue = Catalogue(session)
        offer = catalogue.add_offer(source_key="austin")
        catalogue.enroll(offer, catalogue.add_buyer(name="Ann"))
        session.execute("update leadgen.offers set slug = 'austin-plumbing'")
        row = session.execute("select o.routing_policy_id from leadgen.offers o").fetchone()
        assert row
        policy = row[0]
        session.execute(
            "update leadgen.routing_policies set config = config || '{\"max_buyers\": 3}' where id = %s",
            [policy],
        )
        lead = make_lead(source_key="austin")
        session.execute("select leadgen.submit_lead(%s)", [Jsonb(lead)])
        changes = {
            "routing 1": f"routing {policy}",
            "routing_policy_id = 1": f"routing_policy_id = {policy}",
        }
        follow("wrong-policy-live", database, tmp_path, changes)
        history = session.execute(
            "select version, changes from leadgen.policy_history('routing', %s)", [policy]
        ).fetchall()
        assert history[0][0] == 3
        wrong = session.execute(
            "select count(*) from leadgen.leads where routing_policy_id = %s and routing_policy_version = 2",
            [policy],
        ).fetchone()
        assert wrong == (1,), "the list has the lead that the wrong version decided"
