"""API and worker with ops/pgbouncer.ini between them and the server, as docs/how-to/pgbouncer.md says."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from api.serving import make_lead, running_api
from leadgen.db.urls import database_name, with_role
from leadgen.paths import checkout
from ops.servers import ask
from rig.bouncer import running_bouncer
from rig.cluster import Cluster, Connect
from rig.programs import needs
from worker.conftest import Outbox, running_worker
from worker.receivers import http_endpoint

pytestmark = needs("pgbouncer")
# What of the file is of a place: where it listens, where the server is, who may come in.
HERE = {
    "leadgen": "",
    "listen_addr": "",
    "listen_port": "{port}",
    "auth_type": "trust",
    "auth_file": "{directory}/users",
}
LISTENS = """
select count(*) from pg_stat_activity where query ~ '^listen' and usename = 'leadgen_worker' and datname = %s
"""


def read_form() -> str:
    """The file with the addresses of a test in it; {…} is for running_bouncer."""
    text = ((checkout() or Path()) / "ops/pgbouncer.ini").read_text()
    text = re.sub(r"^;.*\n", "", text, flags=re.MULTILINE)
    for name, value in HERE.items():
        line = "* = host={sockets} port={number}" if name == "leadgen" else f"{name} = {value}"
        text, found = re.subn(rf"^{name} = .*$", line, text, flags=re.MULTILINE)
        assert found == 1, name
    return f"{text}unix_socket_dir = {{directory}}\n"


@pytest.fixture
def pooled(cluster: Cluster, database: str) -> Iterator[str]:
    """The superuser's URL of this test's database by way of the file."""
    directory = Path(mkdtemp(prefix="bouncer-", dir=cluster.shelf))
    name = database_name(database)
    with running_bouncer(cluster.server, name, directory, "transaction", 8, read_form()) as url:
        yield url


async def test_a_worker_is_woken_past_the_pooler(
    pooled: str, database: str, connect: Connect, tmp_path: Path
) -> None:
    """It polls every ten minutes: only the bell can have woken it. Leads come by an API that is pooled, too."""
    async with http_endpoint() as endpoint:
        outbox = Outbox(connect(), database)
        outbox.open_catalogue(endpoint.url)
        direct = with_role(database, "leadgen_worker")
        async with running_worker(
            with_role(pooled, "leadgen_worker"), worker_poll_seconds=600, worker_listen_url=direct
        ) as worker:
            await outbox.wait_until(
                "it listens", lambda: ask(database, LISTENS, database_name(database)) == 1
            )
            with running_api(pooled, tmp_path) as api:
                lead = make_lead(source_key="austin")
                answer = await asyncio.to_thread(api.post, lead)
                assert answer.status == 202, api.log
                await outbox.wait_for(delivered=1)
            assert await worker.stop() == 0
    assert len(endpoint.ids) == 1


def test_more_clients_than_sessions_are_served(pooled: str) -> None:
    """Sixty clients of one role share what the file lets them have of the server."""
    sessions = [
        psycopg.connect(with_role(pooled, "leadgen_api"), autocommit=True, prepare_threshold=None)
        for _ in range(60)
    ]
    try:
        pids = {session.execute("select pg_backend_pid()").fetchone() for session in sessions}
        ready = [session.execute("select leadgen.is_ready()").fetchone() for session in sessions]
    finally:
        for session in sessions:
            session.close()
    assert len(pids) <= 12
    assert ready == [(True,)] * 60
