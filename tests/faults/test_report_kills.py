"""Workers killed at every point of a scheduled report: nobody gets it twice, and who may have got none is known."""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faults.crew import crew_of
from faults.victim import REPORT_POINTS
from rig.waiting import wait_until_async
from worker.receivers import mailbox

RECIPIENTS = ["ann@people.example", "bob@people.example", "cal@people.example"]
ADD = """
insert into leadgen.report_schedules (name, view_name, period, recipients, timezone, active_since)
values ('daily', 'events', 'yesterday', %s, 'UTC', '2020-01-01Z')
"""
DUE = "update leadgen.report_runs set next_attempt_at = now() where next_attempt_at is not null"
MAILS = "select recipient, status from leadgen.report_mails"


@pytest.mark.parametrize("hit", [1, 2])
@pytest.mark.parametrize("point", REPORT_POINTS)
async def test_killed_at_every_point_of_a_report(point: str, hit: int, database: str, tmp_path: Path) -> None:
    if hit == 2 and point.split()[0] in ("claim_report", "finish_report"):
        pytest.skip("there is one a report")
    async with mailbox() as box, crew_of(database, tmp_path) as crew:
        settings: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": box.port,
            "from_email": "leads@leadgen.example",
        }
        with psycopg.connect(database, autocommit=True) as session:
            session.execute(ADD, [RECIPIENTS])
            worker = await crew.start(point, hit, **settings)
            assert await worker.ended() == -signal.SIGKILL, worker.complaint()
            session.execute(DUE)
            for _ in range(2):
                await crew.start(**settings)

            def is_finished() -> bool:
                row = session.execute(
                    "select count(finished_at), count(*) from leadgen.report_runs"
                ).fetchone()
                return row == (1, 1)

            await wait_until_async(is_finished, lambda: [one.complaint() for one in crew.workers])
            statuses: dict[str, Any] = dict(session.execute(MAILS).fetchall())
            events = session.execute(
                "select count(*) from leadgen.events where kind = 'report_failed'"
            ).fetchone()
        await crew.stop()
        got = Counter(recipient for recipients in box.recipients for recipient in recipients)
        assert set(got.values()) <= {1}, "nobody gets it twice"
        assert {recipient for recipient, status in statuses.items() if status == "sent"} <= set(got)
        unknown = [recipient for recipient, status in statuses.items() if status != "sent"]
        assert set(RECIPIENTS) - set(got) <= set(unknown), "who got none is not said to have got it"
        assert len(unknown) <= 1
        assert {statuses[recipient] for recipient in unknown} <= {"unknown"}
        assert events == (len(unknown),), "the operator hears of it"
