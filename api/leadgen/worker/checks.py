"""Vetting: a name in a saved URL is looked up soon after, so that an operator hears of a private one at once.

Deliveries do not depend on it: every connection vets the address that it uses. A name that does not resolve
now may do so later: that is no fault.
"""

import asyncio
from collections.abc import Sequence

import psycopg
import structlog
from aiohttp.abc import AbstractResolver

from leadgen.worker.attempt import Refused
from leadgen.worker.egress import Egress
from leadgen.worker.queries import Session

CHECKS_A_TURN = 20
CHECKS_AT_ONCE = 4
CHECK_SECONDS = 5.0

log = structlog.get_logger("leadgen.worker")


class Checker:
    """Looks up the names of endpoints that nobody looked up yet."""

    def __init__(self, session: Session, egress: Egress) -> None:
        self._session = session
        self._egress = egress
        self._names = egress.resolver()
        self._places = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def run(self, interval: float) -> None:
        """Take turns with `interval` seconds between them, beside all else: a name may take long. Runs until
        cancelled.
        """
        while True:
            try:
                await self.check()
            except psycopg.Error as error:
                log.warning("database trouble", doing="checking endpoints", kind=type(error).__name__)
            await asyncio.sleep(interval)

    async def check(self) -> int:
        """One turn: how many endpoints were checked."""
        found = await self._session.list_endpoint_checks(CHECKS_A_TURN)
        faults = await self._find_faults([target for _, target in found])
        for (endpoint_id, _), fault in zip(found, faults, strict=True):
            await self._session.record_endpoint_check(endpoint_id, fault)
            if fault:
                log.warning("an endpoint's address is refused", endpoint_id=endpoint_id, reason=fault)
        return len(found)

    async def _find_faults(self, targets: Sequence[str]) -> list[str | None]:
        return await asyncio.gather(*(self._find_fault(target) for target in targets))

    async def _find_fault(self, target: str) -> str | None:
        async with self._places:
            return await find_fault(target, self._egress, self._names)


async def find_fault(target: str, egress: Egress, names: AbstractResolver) -> str | None:
    """Why a URL may not be posted to; None: it may, or that is not known now."""
    try:
        url = egress.check_url(target)
        async with asyncio.timeout(CHECK_SECONDS):
            await names.resolve(str(url.host), url.port or 0)
    except Refused as error:
        return error.fault.words
    except (OSError, TimeoutError):
        return None
    return None
