"""PostgreSQL killed under load (FAULTS 13): every acknowledged lead is there, every delivery claimable once."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, Answer, submit
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_role
from leadgen.settings import Settings
from rig.catalogue import Catalogue, make_lead
from rig.deploys import deploy_small
from rig.waiting import wait_until

CLIENTS = 6
ENOUGH = 150  # acknowledged leads before the server is killed


@pytest.fixture
def doomed_server() -> Iterator[EmbeddedServer]:
    """A migrated server of this test's own, as durable as in production."""
    directory = Path(tempfile.mkdtemp(prefix="leadgen-crash-"))
    directory.chmod(0o755)  # as root the server runs as somebody else
    server = EmbeddedServer(directory)
    try:
        deploy_small(server.start(), Settings())
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(directory)


def submit_until_it_dies(url: str, source_keys: list[str], acknowledged: list[Answer], stop: Event) -> None:
    """Hand in leads and note each answer as it comes, until the server is gone."""
    with psycopg.connect(with_role(url, "leadgen_api"), autocommit=True) as connection:
        while not stop.is_set():
            for source_key in source_keys:
                try:
                    acknowledged.append(submit(connection, make_lead(source_key)))
                except psycopg.OperationalError:
                    return


def test_killed_server_keeps_what_it_acknowledged(doomed_server: EmbeddedServer) -> None:
    url = doomed_server.url
    with psycopg.connect(url, autocommit=True) as admin:
        catalogue = Catalogue(admin)
        offers = [catalogue.add_offer({"strategy": "round_robin", "max_buyers": 2}) for _ in range(3)]
        for offer in offers * 3:
            catalogue.enroll(offer, capacity_per_day=1000)
    acknowledged: list[Answer] = []
    stop = Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        keys = [offer.source_key for offer in offers]
        clients = [pool.submit(submit_until_it_dies, url, keys, acknowledged, stop) for _ in range(CLIENTS)]
        try:
            wait_until(lambda: len(acknowledged) >= ENOUGH)
            assert doomed_server.stop("immediate")
        finally:
            stop.set()
        for client in clients:
            client.result(PATIENCE)

    doomed_server.start()

    with psycopg.connect(url, autocommit=True) as admin:
        found: dict[int, Answer] = dict(admin.execute("select id, answer from leadgen.leads").fetchall())
        assert [answer for answer in acknowledged if found.get(answer["lead_id"]) != answer] == []
        assert len(found) - len(acknowledged) <= CLIENTS  # committed, and killed before the answer
        assert admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
        admin.execute("update leadgen.endpoints set max_in_flight = 1000")
        owed = {int(delivery) for (delivery,) in admin.execute("select id from leadgen.deliveries")}
    assert claim_all(url) == sorted(owed)


def claim_all(url: str) -> list[int]:
    """What two workers are given until nothing is left."""
    claimed: list[int] = []
    with (
        psycopg.connect(with_role(url, "leadgen_worker"), autocommit=True) as one,
        psycopg.connect(with_role(url, "leadgen_worker"), autocommit=True) as two,
    ):
        while True:
            batches = [
                worker.execute(
                    "select delivery_id from leadgen.claim_deliveries('w', %s, '1 hour')",
                    [Jsonb({"webhook": 100, "email": 100})],
                ).fetchall()
                for worker in (one, two)
            ]
            claimed += [int(delivery) for batch in batches for (delivery,) in batch]
            if not any(batches):
                return sorted(claimed)
