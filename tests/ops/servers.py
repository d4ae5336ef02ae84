"""Servers that are lost, and what is acknowledged before they are."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psycopg

from api.serving import Api, make_lead
from leadgen.db.embedded import EmbeddedServer
from leadgen.settings import Settings
from rig.deploys import deploy_small
from rig.waiting import wait_until

SENDERS = 4
LEADS = "select id from leadgen.leads"
CLAIM = (
    """select delivery_id from leadgen.claim_deliveries('w', '{"webhook": 100, "email": 100}', '1 hour')"""
)


def start_server(state: Path, conf: str = "") -> EmbeddedServer:
    """A server that is as durable as in production, with LeadGen in it."""
    server = EmbeddedServer(state, conf=conf)
    deploy_small(server.start(), Settings(environment="development"))
    return server


def ask(url: str, query: str, *arguments: Any) -> Any:
    """The first value of what a query finds, None for nothing."""
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(query.encode(), arguments)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def list_leads(url: str) -> set[int]:
    """The ids of all leads."""
    with psycopg.connect(url) as session:
        return {int(lead) for (lead,) in session.execute(LEADS).fetchall()}


@dataclass
class Load:
    """Leads that were posted: the ids of those that were acknowledged, and every other status."""

    acknowledged: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def wait_for(self, more: int) -> None:
        """Until so many more are acknowledged."""
        goal = len(self.acknowledged) + more
        wait_until(
            lambda: len(self.acknowledged) >= goal, lambda: (len(self.acknowledged), self.refused[-5:])
        )

    def post(self, api: Api) -> None:
        """Post one lead. Who gets no answer does not know what became of it."""
        try:
            answer = api.post(make_lead())
        except (OSError, HTTPException):
            self.refused.append(0)
            return
        if answer.status == 202:
            self.acknowledged.append(answer.json["lead_id"])
        else:
            self.refused.append(answer.status)


@contextmanager
def posting(api: Api, pause: float = 0.01) -> Iterator[Load]:
    """Senders that post one lead after the other, whatever comes back."""
    load, stop = Load(), threading.Event()

    def post() -> None:
        while not stop.wait(pause):
            load.post(api)

    senders = [threading.Thread(target=post) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    try:
        yield load
    finally:
        stop.set()
        for sender in senders:
            sender.join()
