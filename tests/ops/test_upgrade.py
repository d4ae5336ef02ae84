"""An upgrade from the commit before the last migration, with senders, API and worker of that commit at work.

docs/runbooks/upgrade.md says the same for people.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.serving import SERVE, Api, add_catalogue, running_api
from bench.revision import Revision, taken_out
from leadgen.db.migrate import migrate
from leadgen.db.urls import with_role
from leadgen.paths import checkout
from leadgen.settings import Settings
from ops.servers import ask, list_leads, posting
from rig.cluster import Cluster
from rig.forks import WORKER
from rig.ports import free_port
from rig.waiting import wait_until_async
from worker.conftest import running_worker
from worker.receivers import http_endpoint

ROOT = checkout() or Path()
CHECKSUMS = "sql/migrations/checksums"
DEPLOY = """
import sys
from leadgen.settings import Settings
from rig.deploys import deploy_small
deploy_small(sys.argv[1], Settings(environment="development"))
"""
ONLY_WEBHOOK = "update leadgen.buyers set webhook_url = %s, email_notifications = false where name = 'Ann'"
MIGRATIONS = "select count(*) from leadgen.schema_migrations"
OPEN = "select count(*) from leadgen.deliveries where next_attempt_at is not null"
BROKEN = "select count(*) from leadgen.list_broken_invariants()"


@pytest.fixture(scope="module")
def before() -> Iterator[Revision]:
    """The code of the commit before the last one that brought a migration."""
    now = len((ROOT / CHECKSUMS).read_text().splitlines())
    commits = git("log", "--first-parent", "--format=%H", "--", CHECKSUMS).split()
    earlier = (
        f"{commit}^" for commit in commits if len(git("show", f"{commit}^:{CHECKSUMS}").splitlines()) < now
    )
    commit = next(earlier, None)
    if commit is None:
        pytest.skip("there is no history of git here")
    with taken_out(commit) as revision:
        yield revision


def git(*arguments: str) -> str:
    """What git says of this checkout; nothing where it fails."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout


def environment(revision: Revision, **variables: str) -> dict[str, str]:
    """The environment of a program of a revision."""
    return os.environ | {"PYTHONPATH": f"{revision.python_path}:{ROOT / 'tests'}"} | variables


@contextmanager
def old_program(
    revision: Revision, log: Path, *command: str, **variables: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A program of a revision, while it is at work."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", *command],
            env=environment(revision, **variables),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def old(before: Revision, cluster: Cluster) -> Iterator[str]:
    """The URL of a database that the revision has deployed."""
    url = cluster.create("upgraded")
    subprocess.run([sys.executable, "-c", DEPLOY, url], env=environment(before), check=True)
    add_catalogue(url)
    yield url
    cluster.drop("upgraded")


async def test_nothing_is_lost_in_an_upgrade_under_traffic(
    before: Revision, old: str, tmp_path: Path
) -> None:
    """Senders may be told to come again: 503 while functions are replaced, 429 where they are too fast."""
    known = ask(old, MIGRATIONS)
    old_api = {"DATABASE_URL": with_role(old, "leadgen_api"), "API_METRICS_PORT": str(free_port())}
    old_worker = {"DATABASE_URL": with_role(old, "leadgen_worker"), "ENVIRONMENT": "development"}
    async with http_endpoint(secret=None) as endpoint:
        ask(old, ONLY_WEBHOOK, endpoint.url)
        with (
            old_program(before, tmp_path / "worker", WORKER, "worker", **old_worker),
            old_program(before, tmp_path / "api", SERVE, "1", **old_api) as process,
        ):
            api = Api(process, tmp_path / "api", old)  # type: ignore[arg-type]
            api.wait_until_running()
            with posting(api, pause=0.3) as load:
                await wait_until_async(lambda: len(load.acknowledged) >= 10, lambda: api.log[-1000:])
                await asyncio.to_thread(deploy, old)
        with running_api(old, tmp_path) as api:
            async with running_worker(with_role(old, "leadgen_worker")) as worker:
                with posting(api, pause=0.3) as later:
                    await wait_until_async(lambda: len(later.acknowledged) >= 10, lambda: api.log[-1000:])
                await wait_until_async(lambda: ask(old, OPEN) == 0, lambda: worker.lines[-3:])
    assert ask(old, MIGRATIONS) > known, "there was something to migrate"
    assert {*load.refused, *later.refused} <= {429, 503}
    acknowledged = {*load.acknowledged, *later.acknowledged}
    assert acknowledged - list_leads(old) == set()
    assert len(set(endpoint.ids)) >= len(acknowledged)
    assert ask(old, BROKEN) == 0


def deploy(url: str) -> None:
    """What `leadgen migrate` of this commit does, without reference data."""
    migrate(url, Settings(environment="development"), reference=False, say=lambda _: None)
