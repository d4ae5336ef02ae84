"""Leads that a network's post only names: fetched from the network and handed in.

The API has stored them with the post. A worker that dies loses nothing: what it had claimed is handed out again, and a
lead that was submitted has gone in the same transaction.
"""

import asyncio
from typing import Any

import psycopg
import structlog

from leadgen.mail_domains import MailDomains
from leadgen.worker.graph import AT_ONCE, Fault, GraphApi, Lead
from leadgen.worker.queries import Named, Session, keep_trying

NO_TOKEN = Fault(cause="the source has no access token", is_permanent=True)

log = structlog.get_logger("leadgen.worker")


class Fetcher:
    """Takes what is due, asks its network and records what came. `wake` is set when a lead may have been sold."""

    def __init__(self, session: Session, graph: GraphApi, mail: MailDomains, wake: asyncio.Event) -> None:
        self._session = session
        self._graph = graph
        self._mail = mail
        self._wake = wake

    async def run(self, interval: float) -> None:
        """Fetch, and pause for `interval` seconds when nothing is due. Runs until cancelled."""
        while True:
            if not await keep_trying("fetching leads", self.take_turn):
                await asyncio.sleep(interval)

    async def take_turn(self) -> int:
        """Fetch what is due, as many at once as there are connections. How many were claimed."""
        named = await self._session.claim_fetches(AT_ONCE)
        await asyncio.gather(*(self._take(one) for one in named))
        return len(named)

    async def _take(self, named: Named) -> None:
        """One lead. What the database does not take now is handed out again."""
        lead = await self._fetch(named)
        if lead.fault:
            log.warning(
                "lead not fetched",
                fetch_id=named.id,
                attempt=named.attempt,
                cause=lead.fault["cause"],
            )
        try:
            answer = await self._record(named, lead)
        except psycopg.Error as error:
            log.error(
                "fetched lead not recorded",
                fetch_id=named.id,
                sqlstate=error.sqlstate,
                kind=type(error).__name__,
            )
            return
        if answer["status"] == "accepted":
            self._wake.set()

    async def _fetch(self, named: Named) -> Lead:
        if named.lead_id is None:
            return Lead(None)  # the post has its answers
        if named.access_token is None:
            return Lead(None, NO_TOKEN)
        return await self._graph.fetch(named.lead_id, named.access_token, named.proof)

    async def _record(self, named: Named, lead: Lead) -> dict[str, Any]:
        """Hand the lead in; where its policy asks for a domain's mail servers, look them up in between."""
        answer = await self._session.record_fetch(named, lead.document, lead.fault, can_look_up_mail=True)
        if answer["status"] != "lookup":
            return answer
        domain = answer["domain"]
        await self._session.record_mail_domain(domain, await self._mail.look_up(domain))
        return await self._session.record_fetch(named, lead.document, lead.fault, can_look_up_mail=False)
