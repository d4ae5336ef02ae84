"""PgBouncer before a server of the tests."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from leadgen.db.embedded import SOCKET_NUMBER, EmbeddedServer
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from rig.programs import find_program
from rig.waiting import wait_until

PORT = 6432  # part of the socket's file name; no port is opened
ROLES = ("postgres", *SqlTree(sql_dir()).role_names())
CONFIGURATION = """\
[databases]
* = host={sockets} port={number}

[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {directory}
auth_type = trust
auth_file = {directory}/users
pool_mode = {mode}
default_pool_size = {size}
"""


@contextmanager
def running_bouncer(
    server: EmbeddedServer,
    database: str,
    directory: Path,
    mode: str,
    size: int,
    form: str = CONFIGURATION,
) -> Iterator[str]:
    """The superuser's URL of a database by way of PgBouncer, in this pool mode and with so many sessions of the server.

    Our roles may come through it, too. `directory` is one that the server's user can reach.
    """
    program = find_program("pgbouncer")
    assert program, "tests of PgBouncer are marked with needs"
    users = directory / "users"
    users.write_text("".join(f'"{role}" ""\n' for role in ROLES))
    configuration = directory / "pgbouncer.ini"
    configuration.write_text(
        form.format(
            sockets=server.sockets, number=SOCKET_NUMBER, port=PORT, directory=directory, mode=mode, size=size
        )
    )
    for path in (directory, users, configuration):
        server.user.own(path)
    libraries = ":".join(str(path.parent) for path in program.parents[1].glob("lib/*/libcares.so.2"))
    environment = os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {})
    log = directory / "log"
    with log.open("wb") as output:
        command = server.user.command(str(program), str(configuration))
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        wait_until(lambda: (directory / f".s.PGSQL.{PORT}").exists(), log.read_text)
        yield f"postgresql://postgres@/{database}?host={quote(str(directory), safe='')}&port={PORT}"
    finally:
        process.terminate()
        process.wait()
