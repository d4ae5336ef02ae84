"""A server that can write no further: nothing is acknowledged and lost, and it goes on when there is room again.

The server's processes may not make a file larger than it is (RLIMIT_FSIZE), so the table of leads cannot grow.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from api.serving import add_catalogue, add_sale, make_lead, running_api
from leadgen.db.embedded import EmbeddedServer
from leadgen.settings import Settings
from rig.deploys import deploy_small
from rig.guard import server_directory

SEGMENT = 16 << 20  # bytes: files of the WAL have this size from the start, so it can be written all the same
ENOUGH = 60  # leads, many more than the last pages have room for

# Make the table of leads as large as a file may be, by one that is repeated.
FILL = """
insert into leadgen.leads overriding system value
select repeated.*
from (select l from leadgen.leads l order by l.id limit 1) one
cross join generate_series(%(first)s::integer, %(last)s::integer) n
cross join jsonb_build_object('id', 1000000 + n, 'idempotency_key', 'filler ' || n, 'message', repeat('x', 7400)) other
cross join jsonb_populate_record(one.l, other) repeated
"""
SIZE = "select pg_relation_size('leadgen.leads')"
STORED = "select count(*) from leadgen.leads where id < 1000000"


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A migrated server of this test's own."""
    with server_directory("leadgen-full-") as directory:
        server = EmbeddedServer(directory)
        deploy_small(server.start(), Settings())
        yield server


def limit_files(server: EmbeddedServer, most: int | str) -> None:
    """Let no process of the server, present or to come, write a file beyond so many bytes."""
    for process in Path("/proc").glob("[0-9]*"):
        if works_in(process, server.data):
            command = server.user.command("prlimit", f"--pid={process.name}", f"--fsize={most}:")
            subprocess.run(command, check=True)


def works_in(process: Path, directory: Path) -> bool:
    """Whether a directory of /proc is that of a process that runs in this directory."""
    try:
        return (process / "cwd").readlink() == directory
    except OSError:
        return False


def ask(admin: psycopg.Connection, query: str) -> int:
    row = admin.execute(query.encode()).fetchone()
    assert row
    return int(row[0])


def fill(admin: psycopg.Connection) -> None:
    """Let the table of leads be as large as the WAL's files, a page a lead."""
    admin.execute("alter table leadgen.leads alter message set storage plain")
    admin.execute("set session_replication_role = replica")
    filled = 0
    while ask(admin, SIZE) < SEGMENT:
        admin.execute(FILL, {"first": filled + 1, "last": filled + 500})
        filled += 500


def test_a_full_disk_is_503_and_loses_nothing(own_server: EmbeddedServer, tmp_path: Path) -> None:
    url = own_server.url
    add_catalogue(url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("update leadgen.rate_limits set is_active = false")
        add_sale(admin)
        fill(admin)
        leads = [make_lead() for _ in range(ENOUGH)]
        with running_api(url, tmp_path) as api:
            limit_files(own_server, SEGMENT)
            before = ask(admin, STORED)
            answers = [api.post(lead) for lead in leads]
            refused = [answer for answer in answers if answer.status == 503]
            assert {answer.status for answer in answers} <= {202, 503}
            assert len(refused) > ENOUGH // 2
            for answer in refused:
                answer.check_problem()
                assert int(answer.headers["Retry-After"]) > 0
            assert ask(admin, STORED) == before + len(answers) - len(refused), "what is refused is not kept"

            limit_files(own_server, "unlimited")
            again = [api.post(lead) for lead in leads]
            assert {answer.status for answer in again} == {202}
            repeated = [answer.json.get("repeated", False) for answer in again]
            assert repeated == [answer.status == 202 for answer in answers], (
                "what was taken is answered as before"
            )
            assert ask(admin, STORED) == before + ENOUGH
            assert "could not extend" not in "".join(answer.body.decode() for answer in refused)
