"""Files of rows over HTTP: read from a cursor portion by portion, each on a connection of its own.

A file that takes minutes would hold a connection of the pool, from which leads are taken in. Nothing is held but the
portion at hand, and who does not read is cut: by its connection (app/connection.py), and by the server, whose
transaction waits for half a minute at most (idle_in_transaction_session_timeout of the role).
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from psycopg import Error

from leadgen.app.errors import to_problem
from leadgen.app.problems import UNAVAILABLE, Problem
from leadgen.db.pool import open_alone
from leadgen.reports.files import write_csv_line

MOST = 2  # at once, of one process
LONGEST_SECONDS = 600.0
PORTION = 1_000  # rows
FETCH = f"fetch {PORTION} from export".encode()
# For the first row, of which a view may read much. A download does not note the session as used: its row would be
# locked until the file has ended.
FOR_LONG = "set local statement_timeout = '2min'; set local leadgen.unattended = 'on'"


class Exports:
    """The files that one process is sending."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.under_way = 0  # how many

    async def start(self, query: str, parameters: Sequence[object]) -> AsyncGenerator[bytes, None]:
        """Call a function that opens the cursor `export`; its rows as CSV, with a head.

        Raises Problem before the first byte. A fault after that cuts the file, so that it is not taken for whole.
        """
        if self.under_way >= MOST:
            raise Problem(UNAVAILABLE, f"{MOST} files are on their way already. Try again in a minute")
        pieces = self._read(query, parameters)
        try:
            await anext(pieces)  # from here on it is under way: whoever closes it ends the transaction
        except Error as error:
            raise to_problem(error) from error
        return pieces

    async def _read(self, query: str, parameters: Sequence[object]) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        ends = clock() + LONGEST_SECONDS
        self.under_way += 1
        try:
            connection = await open_alone(self._url, "leadgen-export")
            async with connection, connection.transaction():
                await connection.execute(FOR_LONG)
                await connection.execute(query.encode(), parameters)
                cursor = await connection.execute(FETCH)
                rows = await cursor.fetchall()
                names = [column.name for column in cursor.description or ()]
                yield b""
                yield write_csv_line(names) + b"".join(map(write_csv_line, rows))
                while len(rows) == PORTION:
                    if clock() > ends:
                        raise Problem(UNAVAILABLE, "The file takes too long. Ask for a shorter period")
                    rows = await (await connection.execute(FETCH)).fetchall()
                    yield b"".join(map(write_csv_line, rows))
        finally:
            self.under_way -= 1
