"""Sessions at work at the same time: many that race, or two of which one waits for the other."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from leadgen.db.urls import with_role
from rig.waiting import PATIENCE as PATIENCE
from rig.waiting import wait_until

CONNECTIONS = 24

Answer = dict[str, Any]
Lead = dict[str, object]


def submit(connection: psycopg.Connection, lead: Lead, **context: object) -> Answer:
    """Hand in one lead."""
    row = connection.execute("select leadgen.submit_lead(%s, %s)", [Jsonb(lead), Jsonb(context)]).fetchone()
    assert row
    answer: Answer = row[0]
    return answer


def submit_at_once(database: str, leads: Sequence[Lead], connections: int = CONNECTIONS) -> list[Answer]:
    """Hand in leads as leadgen_api, dealt out to sessions that start together; returns all answers."""
    barrier = Barrier(connections)

    def work(share: Sequence[Lead]) -> list[Answer]:
        with psycopg.connect(with_role(database, "leadgen_api"), autocommit=True) as connection:
            barrier.wait(PATIENCE)
            return [submit(connection, lead) for lead in share]

    with ThreadPoolExecutor(connections) as pool:
        shares = pool.map(work, (leads[start::connections] for start in range(connections)))
        return [answer for share in shares for answer in share]


@contextmanager
def in_background() -> Iterator[ThreadPoolExecutor]:
    """Threads for statements that will wait."""
    with ThreadPoolExecutor() as pool:
        yield pool


def wait_until_blocked(
    observer: psycopg.Connection,
    waiter: psycopg.Connection,
    by: psycopg.Connection,
    future: Future[Any],
    lock: str = "advisory",
) -> None:
    """Return once `waiter` is seen waiting for a lock that `by` holds."""
    question = """
        select wait_event_type, wait_event, pg_blocking_pids(pid) from pg_stat_activity where pid = %s
    """
    wanted = ("Lock", lock, [by.info.backend_pid])

    def ask() -> object:
        return observer.execute(question, [waiter.info.backend_pid]).fetchone()

    def waits() -> bool:
        if ask() == wanted:
            return True
        assert not future.done(), f"it did not wait: {future.result()}"
        return False

    wait_until(waits, lambda: f"it should wait for the other session: {ask()}", pause=0.005)


def advisory_locks(observer: psycopg.Connection, session: psycopg.Connection) -> dict[tuple[int, int], bool]:
    """The advisory locks of a session: (class, number as int4), and whether it has it or waits for it."""
    rows = observer.execute(
        """
        select classid::bigint::integer, objid::bigint, granted from pg_locks
        where locktype = 'advisory' and pid = %s
        """,
        [session.info.backend_pid],
    )
    return {(kind, number - 2**32 if number >= 2**31 else number): granted for kind, number, granted in rows}


def has_come_to(
    observer: psycopg.Connection,
    session: psycopg.Connection,
    held: dict[tuple[int, int], bool],
    lock: tuple[int, int],
) -> bool:
    """Whether it waits for the lock with these in hand; it may be on its way from the lock before."""
    seen = advisory_locks(observer, session)
    if seen == held | {lock: False}:
        return True
    assert lock not in seen, seen
    return False
