"""A deploy that compiles routing policies otherwise: each decision replays by the settings it was made by."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from leadgen.db.migrate import migrate
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster

COMPILER = "functions/catalog/compile.sql"
DEFAULT = "coalesce(p_config ->> 'strategy', 'priority')"
OFFER = "select testkit.make_offer()"
SEATS = """
select testkit.enroll_buyer(%(offer)s, 'Ace', '{"routing_priority": 9, "price_per_lead": 40}'),
  testkit.enroll_buyer(%(offer)s, 'Best', '{"routing_priority": 1, "price_per_lead": 90}')
"""
VERSIONS = """
select p.version, p.settings ->> 'strategy', h.changes
from leadgen.offers o
join leadgen.policy_versions p on p.kind = 'routing' and p.policy_id = o.routing_policy_id
join leadgen.policy_history('routing', p.policy_id) h on h.version = p.version
where o.id = %s
order by 1
"""
DECIDED = """
select d.routing_policy_version, leadgen.replay_lead(d.lead_id) ->> 'identical'
from leadgen.lead_decisions d
where d.offer_id = %s
order by d.id
"""
# As the archive was before there were settings in it.
FORGET = """
set session_replication_role = replica;
update leadgen.policy_versions set settings = null;
set session_replication_role = origin
"""


@pytest.fixture
def url(cluster: Cluster, pgtap_template: str) -> Iterator[str]:
    with cluster.clone(pgtap_template) as url:
        yield url


@pytest.fixture
def session(url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def offer(session: psycopg.Connection[Any]) -> int:
    """An offer whose policy names no strategy, with two buyers: one goes first, the other pays more."""
    offer = ask(session, OFFER)[0][0]
    session.execute(SEATS, {"offer": offer})
    assert isinstance(offer, int)
    return offer


def ask(session: psycopg.Connection[Any], query: str, *arguments: object) -> list[tuple[Any, ...]]:
    return session.execute(query.encode(), arguments).fetchall()


def sell(session: psycopg.Connection[Any], offer: int, at: str) -> str:
    """Who gets a lead, and for how much."""
    (sold,) = ask(session, "select testkit.outcome(%s, %s)", offer, at)
    return str(sold[0])


def deploy(url: str, tree: Path, compiler: str) -> None:
    """Deploy this version with another compiler of routing policies."""
    if not tree.exists():
        shutil.copytree(sql_dir(), tree)
    (tree / COMPILER).write_text(compiler)
    migrate(
        url,
        Settings(environment="development"),
        tree=SqlTree(tree),
        reference=False,
        say=lambda _: None,
    )


def compile_default(strategy: str) -> str:
    """The compiler with another default."""
    compiler = (sql_dir() / COMPILER).read_text()
    assert DEFAULT in compiler
    return compiler.replace(DEFAULT, DEFAULT.replace("priority", strategy))


def test_decisions_before_and_after_replay(
    url: str, session: psycopg.Connection[Any], offer: int, tmp_path: Path
) -> None:
    assert sell(session, offer, "2026-11-20T16:00:00Z") == "Ace 40.00"
    deploy(url, tmp_path / "sql", compile_default("highest_price"))
    assert sell(session, offer, "2026-11-20T17:00:00Z") == "Best 90.00"
    assert ask(session, DECIDED, offer) == [(1, "true"), (2, "true")]
    assert ask(session, VERSIONS, offer) == [
        (1, '["priority"]', "created"),
        (2, '["highest_price"]', "compiled anew"),
    ]
    assert ask(session, "select * from leadgen.list_broken_invariants()") == []


def test_by_the_other_version_they_would_not_replay(
    url: str, session: psycopg.Connection[Any], offer: int, tmp_path: Path
) -> None:
    """What the replays above prove: with the two versions' settings exchanged both come out differently."""
    sell(session, offer, "2026-11-20T16:00:00Z")
    deploy(url, tmp_path / "sql", compile_default("highest_price"))
    sell(session, offer, "2026-11-20T17:00:00Z")
    session.execute("set session_replication_role = replica")
    session.execute(
        """
        update leadgen.policy_versions p set settings = other.settings
        from leadgen.policy_versions other
        where p.kind = 'routing' and other.kind = 'routing' and other.policy_id = p.policy_id
          and other.version = 3 - p.version
        """
    )
    session.execute("reset session_replication_role")
    assert ask(session, DECIDED, offer) == [(1, "false"), (2, "false")]


def test_a_deploy_that_compiles_the_same_makes_no_version(
    url: str, session: psycopg.Connection[Any], offer: int, tmp_path: Path
) -> None:
    deploy(url, tmp_path / "sql", compile_default("priority") + "\n-- Another comment.\n")
    assert ask(session, VERSIONS, offer) == [(1, '["priority"]', "created")]


def test_a_version_archived_without_settings_is_followed_by_one_that_has_them(
    url: str, session: psycopg.Connection[Any], offer: int, tmp_path: Path
) -> None:
    """Otherwise the next change of the compiler would be the settings of everything decided meanwhile."""
    session.execute(FORGET)
    deploy(url, tmp_path / "sql", compile_default("priority") + "\n-- Another comment.\n")
    sell(session, offer, "2026-11-20T16:00:00Z")
    deploy(url, tmp_path / "sql", compile_default("highest_price"))
    sell(session, offer, "2026-11-20T17:00:00Z")
    assert ask(session, DECIDED, offer) == [(2, "true"), (3, "true")]
