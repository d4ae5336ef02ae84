"""Records that the code of an earlier commit wrote: today's code keeps, explains and replays them.

The databases are tests/db/fixtures/*.sql.xz (see make_fixture.py there): weeks of the demo's offers with every
strategy, caps, holds, returns, lapses, deliveries and several versions of policies. Only the façade is asked.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from db.conftest import Upgraded
from leadgen.db.diff import compare_dumps
from rig.cluster import Cluster

LEADS = 200
SALES = {
    "966f066": (232, "10778.25"),
    "01fe1aa": (232, "10778.25"),
    "948feb1": (234, "10851.25"),
    "bb92860": (237, "11069.25"),
}
NEW_LEAD = {
    "source_key": "austin-hvac-form",
    "name": "Ann Newcomer",
    "email": "ann.newcomer@people.example",
    "phone": "+15125550177",
    "postal_code": "78701",
    "attributes": {"job_type": "tune_up"},
}


@pytest.fixture
def url(cluster: Cluster, any_upgraded: Upgraded) -> Iterator[str]:
    """Its own copy. A worker of today has sealed what waited for the audit's chain when the fixture was made."""
    with cluster.clone(any_upgraded.template) as url:
        with psycopg.connect(url, autocommit=True) as worker:
            worker.execute("select leadgen.run_chore('chain_audit')")
        yield url


@pytest.fixture
def session(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def verify(session: psycopg.Connection[Any]) -> tuple[int, list[Any]]:
    """How many leads were replayed, and what did not come out as recorded."""
    row = session.execute("select checked, faults from leadgen.verify_leads(0, 10000)").fetchone()
    assert row
    return row[0], row[1]


def test_every_lead_replays(session: psycopg.Connection[Any]) -> None:
    assert verify(session) == (LEADS, [])


def test_every_lead_explains(session: psycopg.Connection[Any]) -> None:
    explained = session.execute(
        "select id, leadgen.explain_lead(id) from leadgen.leads order by id"
    ).fetchall()
    assert len(explained) == LEADS
    assert [lead for lead, account in explained if account["lead_id"] != lead] == []


def test_every_lead_replays_alone(session: psycopg.Connection[Any]) -> None:
    replayed = session.execute("select leadgen.replay_lead(id) from leadgen.leads").fetchall()
    assert [replay for (replay,) in replayed if not replay["identical"]] == []


def test_the_invariants_hold(session: psycopg.Connection[Any]) -> None:
    assert session.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_no_sale_was_lost(any_upgraded: Upgraded, session: psycopg.Connection[Any]) -> None:
    row = session.execute("select count(*), sum(price)::text from leadgen.lead_assignments").fetchone()
    assert row == SALES[any_upgraded.commit]


def test_nothing_changed_is_what_happened(session: psycopg.Connection[Any]) -> None:
    """By the rules of its day: ties by id, and who had no limit was empty."""
    rehearsed = session.execute(
        """
        select o.id, r ->> 'leads', r ->> 'is_identical'
        from leadgen.offers o
        cross join leadgen.what_if(o.id, '2026-01-01', '2027-01-01') r
        order by o.id
        """
    ).fetchall()
    assert sum(int(leads) for _, leads, _ in rehearsed) == LEADS
    assert {identical for *_, identical in rehearsed} == {"true"}


def test_business_goes_on(session: psycopg.Connection[Any]) -> None:
    row = session.execute("select leadgen.submit_lead(%s)", [Jsonb(NEW_LEAD)]).fetchone()
    assert row
    assert row[0]["status"] == "accepted", row[0]
    assert verify(session) == (LEADS + 1, [])
    assert session.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


def test_what_is_not_ours_is_left_alone(any_upgraded: Upgraded, session: psycopg.Connection[Any]) -> None:
    """And nothing of ours is taken for it: what that commit declared and today's tree does not is gone."""
    assert [line for line in any_upgraded.said if line.startswith("left alone")] == [
        "left alone routine leadgen.monday(): no deploy declared it",
        "left alone view report.by_weekday: no deploy declared it",
    ]
    session.execute("set role analyst")
    row = session.execute("select sum(leads) from report.by_weekday").fetchone()
    assert row == (LEADS,)
    assert session.execute("select * from public.notes").fetchall() == [(1, "called back")]


def test_all_else_is_in_the_declared_state(declared: str, url: str) -> None:
    differing = [line for line in compare_dumps(url, declared) if line.startswith("Name: ")]
    assert differing == [
        "Name: SCHEMA report; Type: ACL; Schema: -; Owner: leadgen_owner",
        "Name: TABLE by_weekday; Type: ACL; Schema: report; Owner: postgres",
        "Name: by_weekday; Type: VIEW; Schema: report; Owner: postgres",
        "Name: monday(); Type: FUNCTION; Schema: leadgen; Owner: postgres",
    ]
