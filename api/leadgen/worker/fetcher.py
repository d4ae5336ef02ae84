"""Leads that a network's post only names: fetched from the network and handed in.

The API has stored them with the post. A worker that dies loses nothing: what it had claimed is handed out again, and a
lead that was submitted has gone in the same transaction.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import psycopg
import structlog

from leadgen.mail_domains import MailDomains
from leadgen.sealing.envelope import SealError
from leadgen.sealing.leads import seal_wanted
from leadgen.sealing.store import VaultStore
from leadgen.worker.graph import AT_ONCE, Fault, GraphApi, Lead
from leadgen.worker.queries import Named, Session, keep_trying
from leadgen.worker.sealing import read_post

MOST_CALLS = 6  # to hand one lead in: a mail domain is looked up, a lead or a submission is sealed
NO_TOKEN = Fault(cause="the source has no access token", is_permanent=True)

log = structlog.get_logger("leadgen.worker")


class Fetcher:
    """Takes what is due, asks its network and records what came. `wake` is set when a lead may have been sold."""

    def __init__(
        self,
        session: Session,
        graph: GraphApi,
        mail: MailDomains,
        wake: asyncio.Event,
        store: VaultStore | None,
    ) -> None:
        self._session = session
        self._store = store
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
        except SealError as error:
            log.error("fetched lead not recorded", fetch_id=named.id, cause=str(error))
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
        can_look_up, blobs = True, dict[str, str]()
        opened = await self._open(named)
        for _ in range(MOST_CALLS):
            sealing = await self._write_sealing(blobs, opened)
            answer = await self._session.record_fetch(
                named, lead.document, lead.fault, can_look_up_mail=can_look_up, sealing=sealing
            )
            if answer["status"] == "lookup":
                domain = answer["domain"]
                await self._session.record_mail_domain(domain, await self._mail.look_up(domain))
                can_look_up = False
            elif answer["status"] == "seal" and self._store is not None:
                blobs |= seal_wanted(await self._store.get(), answer["text"])
            else:
                break
        return answer

    async def _open(self, named: Named) -> str | None:
        """What the post says of a lead (JSON), if that is sealed. Raises SealError."""
        if named.sealed is None:
            return None
        if self._store is None:
            raise SealError("a post is sealed, and this worker has no PII_KEYS")
        return read_post(await self._store.get_for([named.sealed]), named.sealed)

    async def _write_sealing(self, blobs: Mapping[str, str], opened: str | None) -> str | None:
        """The argument p_sealing (JSON); None: personal data is stored clear."""
        if self._store is None:
            return None
        vault = await self._store.get()
        sealing = {"hash_key": vault.hash_key, "blobs": blobs}
        return json.dumps({"sealing": sealing, "lead": json.loads(opened) if opened else None})
