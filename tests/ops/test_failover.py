"""The primary is lost under load and its standby promoted: API and worker go on, and nothing acknowledged is lost.

docs/runbooks/failover.md says the same for people.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from api.serving import add_catalogue, running_api
from leadgen.db.binaries import find_binaries
from leadgen.db.embedded import SOCKET_NUMBER, EmbeddedServer
from leadgen.db.urls import with_role
from ops.servers import ask, list_leads, posting, start_server
from rig.guard import server_directory
from rig.waiting import wait_until, wait_until_async
from worker.conftest import running_worker
from worker.receivers import http_endpoint

STREAMS = "select sync_state from pg_stat_replication"
VERDICT = "select verdict from leadgen.diagnose_server() where subject = %s"
FINDING = "select finding from leadgen.diagnose_server() where subject = %s"
ONLY_WEBHOOK = "update leadgen.buyers set webhook_url = %s, email_notifications = false where name = 'Ann'"
SENT = "select count(*) from leadgen.deliveries where status = 'delivered'"
OPEN = "select count(*) from leadgen.deliveries where next_attempt_at is not null"


@dataclass
class Pair:
    """A primary and its synchronous standby."""

    primary: EmbeddedServer
    standby: EmbeddedServer

    @property
    def url(self) -> str:
        """Both, of which the one is taken that takes writes."""
        hosts = ",".join(quote(str(one.sockets), safe="") for one in (self.primary, self.standby))
        ports = f"{SOCKET_NUMBER},{SOCKET_NUMBER}"
        return f"postgresql://postgres@/leadgen?host={hosts}&port={ports}&target_session_attrs=read-write"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Made as the runbook says."""
    with server_directory("leadgen-failover-") as root:
        primary = start_server(root / "primary")
        add_catalogue(primary.url)
        standby = EmbeddedServer(root / "standby", conf="primary_slot_name = 'standby'\n")
        command = [
            find_binaries()["pg_basebackup"], f"--dbname={primary.url}&application_name=standby",
            f"--pgdata={standby.data}", "--write-recovery-conf", "--checkpoint=fast", "--create-slot", "--slot=standby",
        ]  # fmt: skip
        standby.state.mkdir()
        standby.user.own(standby.state)
        subprocess.run(standby.user.command(*command), check=True, cwd="/", capture_output=True)
        standby.start()
        wait_until(lambda: ask(primary.url, STREAMS))
        ask(primary.url, "alter system set synchronous_standby_names = 'standby'")
        ask(primary.url, "select pg_reload_conf()")
        wait_until(lambda: ask(primary.url, STREAMS) == "sync")
        yield Pair(primary, standby)


def test_a_standby_is_watched(pair: Pair) -> None:
    """The verdicts of both servers."""
    assert ask(pair.primary.url, VERDICT, "replication") == "ok"
    assert "receivers: 1, synchronous: 1" in ask(pair.primary.url, FINDING, "replication")
    assert ask(pair.primary.url, VERDICT, "slots") == "ok"
    assert ask(pair.standby.url, VERDICT, "replication") == "ok"
    assert ask(pair.standby.url, FINDING, "replication").startswith("this is a standby; ")


def test_a_commit_that_waits_for_nobody_is_told(pair: Pair) -> None:
    """The standby is stopped: leads wait, and a doctor says why."""
    pair.standby.stop()
    wait_until(lambda: ask(pair.primary.url, STREAMS) is None)
    try:
        assert ask(pair.primary.url, VERDICT, "replication") == "fail"
        assert "commits wait" in ask(pair.primary.url, FINDING, "replication")
        assert ask(pair.primary.url, VERDICT, "slots") == "warn"
    finally:
        pair.standby.start()
        wait_until(lambda: ask(pair.primary.url, STREAMS) == "sync")


async def test_api_and_worker_go_on_at_the_promoted_standby(pair: Pair, tmp_path: Path) -> None:
    url = pair.url
    async with http_endpoint(secret=None) as endpoint:
        ask(pair.primary.url, "update leadgen.settings set allows_local_webhooks = true")
        ask(pair.primary.url, ONLY_WEBHOOK, endpoint.url)
        with running_api(url, tmp_path) as api:
            async with running_worker(with_role(url, "leadgen_worker")) as worker:
                with posting(api, pause=0.05) as load:
                    await wait_until_async(lambda: len(load.acknowledged) >= 30)
                    pair.primary.stop("immediate")
                    before = len(load.acknowledged)
                    promote(pair.standby)
                    await wait_until_async(
                        lambda: len(load.acknowledged) >= before + 30, lambda: api.log[-2000:]
                    )
                new = pair.standby.url
                await wait_until_async(lambda: ask(new, OPEN) == 0, lambda: "".join(worker.lines[-5:]))
                assert await worker.stop() == 0
    assert {*load.acknowledged} - list_leads(new) == set()
    assert ask(new, "select count(*) from leadgen.list_broken_invariants()") == 0
    assert ask(new, "select leadgen.is_copy()") is False
    assert ask(new, SENT) >= len(load.acknowledged)
    assert len(set(endpoint.ids)) >= len(load.acknowledged)
    assert 202 not in load.refused
    assert set(load.refused) <= {0, 503}


def promote(standby: EmbeddedServer) -> None:
    """What the runbook types."""
    with psycopg.connect(standby.url, autocommit=True) as session:
        row: Any = session.execute("select pg_promote()").fetchone()
    assert row == (True,)
