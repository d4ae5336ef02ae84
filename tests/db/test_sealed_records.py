"""Leads of earlier releases are sealed when sealing is switched on: they stay explained, replayed and found."""

import asyncio
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from db.conftest import Upgraded
from leadgen.db.urls import with_role
from leadgen.sealing.keyring import KeyRing, load_ring, make_key
from leadgen.sealing.leads import open_lead
from leadgen.sealing.store import VaultStore, load_vault
from leadgen.worker.queries import Session
from leadgen.worker.sealing import Sealer
from rig.cluster import Cluster

CLEAR = """
select l.id, l.name, l.email, l.phone, l.phone_extension, l.message from leadgen.leads l
where l.erased_at is null order by l.id
"""
LEFT = "select count(*) from leadgen.leads l where l.sealed is null and l.erased_at is null"
OPEN = "select lead_id, sealed, contact_digests from leadgen.open_leads(array(select id from leadgen.leads), 'a test')"
VERIFY = "select checked, faults from leadgen.verify_leads(0, 10000, %s)"
FIND = "select lead_id from leadgen.find_leads(%s, 1000, %s)"


@pytest.fixture
def url(cluster: Cluster, any_upgraded: Upgraded) -> Iterator[str]:
    with cluster.clone(any_upgraded.template) as url:
        yield url


async def seal_all(url: str, ring: KeyRing, left: Callable[[], int]) -> None:
    """What a worker does, until there is nothing left. The walk waits for transactions in other databases, too."""
    async with Session(with_role(url, "leadgen_worker"), "test") as session:
        store = VaultStore(ring, session.fetch)
        sealer = Sealer(session, store)
        await store.get()
        while left():
            if not await sealer.take_turn():
                await asyncio.sleep(0.05)


def test_earlier_leads_are_sealed_and_replay(url: str) -> None:
    ring = load_ring(make_key("first"), None, None)
    assert ring
    with psycopg.connect(url, autocommit=True) as session:
        clear = {row[0]: list(row[1:]) for row in session.execute(CLEAR).fetchall()}
        broken = session.execute("select * from leadgen.list_broken_invariants()").fetchall()

        def left() -> int:
            return int((session.execute(LEFT).fetchone() or (0,))[0])

        asyncio.run(seal_all(url, ring, left))
        vault = load_vault(session, ring)
        rows = session.execute(OPEN).fetchall()
        opened = {lead: list(open_lead(vault, blob, digests)[0]) for lead, blob, digests in rows}
        assert opened == clear
        for contacts in ({}, {str(lead): contact for lead, contact in opened.items()}):
            assert session.execute(VERIFY, [Jsonb(contacts)]).fetchone() == (200, [])
        assert session.execute("select * from leadgen.list_broken_invariants()").fetchall() == broken
        for lead, (_, email, phone, *_) in list(clear.items())[:20]:
            for text in (email, phone):
                assert (lead,) in session.execute(FIND, [text, vault.hash_key]).fetchall()
