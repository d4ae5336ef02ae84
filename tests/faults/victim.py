"""A worker that keeps a journal, and kills itself where it is told to: `victim.py JOURNAL [POINT] [HIT]`.

The product knows nothing of this: functions of leadgen.worker are wrapped before it starts. POINT is a place
and a moment ("record after"); at its HIT-th passing the process is killed. `midway` is a moment chosen by
chance while the call is under way. A SABOTAGE breaks the worker on purpose.

The journal is one JSON object a line: a call of `claim` (after its answer, before the worker sees it), `send`
(before the request), `record` (after its answer) and `killed`. Times are of the wall clock, as PostgreSQL's.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from leadgen.settings import load_settings
from leadgen.worker import run
from leadgen.worker.mail import MailSender
from leadgen.worker.queries import Session
from leadgen.worker.webhook import WebhookSender

PLACES: dict[str, type] = {"claim": Session, "send": WebhookSender, "record": Session, "release": Session}
MAIL_PLACES: dict[str, type] = {  # of e-mails to users
    "claim_user_mails": Session, "hand_over": MailSender, "record_user_mail": Session}  # fmt: skip
REPORT_PLACES: dict[str, type] = {  # of scheduled reports, which are handed over as mails are
    "claim_report": Session, "start_report_mail": Session, "record_report_mail": Session,
    "finish_report": Session}  # fmt: skip
MOMENTS = ("before", "midway", "after")
POINTS = [f"{place} {moment}" for place in PLACES for moment in MOMENTS]
MAIL_POINTS = [f"{place} {moment}" for place in MAIL_PLACES for moment in MOMENTS]
REPORT_POINTS = [f"{place} {moment}" for place in (*REPORT_PLACES, "hand_over") for moment in MOMENTS]
MIDWAY_SECONDS = 0.004  # a call lasts about so long

Call = Callable[..., Any]


class Victim:
    """The journal, and the point at which the process ends."""

    def __init__(self, journal: str, point: str = "", hit: str = "1") -> None:
        self._file = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._point, self._hits_left = point, int(hit)

    def note(self, what: str, **facts: Any) -> None:
        """One line, which outlives the process."""
        line = {"what": what, "at": time.time(), **facts}
        os.write(self._file, json.dumps(line, default=str).encode() + b"\n")

    def die(self) -> None:
        """As the kernel's out-of-memory killer does it."""
        self.note("killed", point=self._point)
        os.kill(os.getpid(), signal.SIGKILL)

    def passes(self, point: str) -> bool:
        """True at the hit that kills."""
        self._hits_left -= point == self._point
        return point == self._point and self._hits_left == 0

    def watch(self, place: str) -> None:
        """Wrap the function of a place."""
        owner_of_place = (PLACES | MAIL_PLACES | REPORT_PLACES)[place]
        real: Call = getattr(owner_of_place, place)

        @wraps(real)
        async def watched(owner: Any, *arguments: Any, **options: Any) -> Any:
            if self.passes(f"{place} before"):
                self.die()
            if self.passes(f"{place} midway"):
                asyncio.get_running_loop().call_later(random.uniform(0, MIDWAY_SECONDS), self.die)
            if place == "send":
                self.note(place, **name_of(arguments[0]))
            asked = time.time()
            answer = await real(owner, *arguments, **options)
            if place == "claim":
                self.note(place, asked=asked, rows=[name_of(row) for row in answer])
            elif place == "record":
                self.note(place, asked=asked, results=arguments[0], statuses=statuses_of(answer))
            if self.passes(f"{place} after"):
                self.die()
            return answer

        setattr(owner_of_place, place, watched)


def name_of(delivery: Any) -> dict[str, object]:
    """A claimed delivery in the journal."""
    return {
        "delivery_id": delivery.delivery_id,
        "token": delivery.lease_token,
        "message_id": delivery.message_id,
        "timeout": delivery.timeout_seconds or 0,
    }


def statuses_of(answer: Any) -> dict[int, str]:
    """The new status by delivery, of what Session.record returns."""
    return {row.delivery_id: row.status for row in answer} if not isinstance(answer, dict) else answer


def lose_requests() -> None:
    """Sabotage: nothing is sent, and reported as delivered."""

    async def send(_sender: Any, _delivery: Any, attempt: Any) -> None:
        attempt.conclude("delivered", 200)

    setattr(WebhookSender, "send", send)  # noqa: B010


def rename_messages() -> None:
    """Sabotage: every attempt has a webhook-id of its own."""
    real = WebhookSender.send

    async def send(sender: Any, delivery: Any, attempt: Any) -> None:
        await real(sender, replace(delivery, message_id=f"msg_{random.randbytes(16).hex()}"), attempt)

    setattr(WebhookSender, "send", send)  # noqa: B010


SABOTAGES = {"lose requests": lose_requests, "rename messages": rename_messages}


if __name__ == "__main__":
    victim = Victim(*sys.argv[1:4])
    if sabotage := SABOTAGES.get(os.environ.get("FAULTS_SABOTAGE", "")):
        sabotage()
    for each in PLACES | MAIL_PLACES | REPORT_PLACES:
        victim.watch(each)
    run(load_settings())
