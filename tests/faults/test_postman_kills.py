"""Workers killed at every point of an e-mail to a user (FAULTS 18): it is written all the same, and its link works."""

import re
import signal
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faults.crew import crew_of
from faults.victim import MAIL_POINTS
from rig.waiting import wait_until_async
from worker.receivers import mailbox

EMAIL = "ann@people.example"
INVITE = "select leadgen.invite_user(%s, 'Ann', 'analyst')"
LINK = re.compile(r"https://leads\.example/account/password/([A-Za-z0-9_-]{43})\b")
FIND = """
select count(*) from leadgen.user_tokens t
where t.token_hash = any (%s) and t.used_at is null and t.expires_at > now()
"""


def find_token(message: EmailMessage) -> str:
    """The token of the link in a mail."""
    body = message.get_body(("plain",))
    assert body
    found = LINK.search(body.get_content())
    assert found
    return found[1]


@pytest.mark.parametrize("point", MAIL_POINTS)
async def test_killed_at_every_point_of_a_mail(point: str, database: str, tmp_path: Path) -> None:
    async with mailbox() as box, crew_of(database, tmp_path) as crew:
        settings: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": box.port,
            "from_email": "leads@leadgen.example",
            "public_url": "https://leads.example",
        }
        with psycopg.connect(database, autocommit=True) as session:
            session.execute(INVITE, [EMAIL])
            worker = await crew.start(point, **settings)
            assert await worker.ended() == -signal.SIGKILL, worker.complaint()
            session.execute("update leadgen.user_mails set due_at = now() where due_at is not null")
            await crew.start(**settings)

            def is_sent() -> bool:
                row = session.execute("select count(sent_at) from leadgen.user_mails").fetchone()
                return row == (1,)

            await wait_until_async(is_sent, lambda: [one.complaint() for one in crew.workers])
            tokens = [find_token(message) for message in box.messages]
            digests = [sha256(token.encode()).hexdigest() for token in tokens]
            assert len(set(digests)) == len(digests) in (1, 2)
            assert len({message["Message-ID"] for message in box.messages}) == 1
            assert session.execute(FIND, [digests]).fetchone() == (len(digests),)
        await crew.stop()
