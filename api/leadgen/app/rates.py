"""How much one sender may ask for, before anything of it is read by the database.

The limits are rows of leadgen.rate_limits. Each process may give a sender a small share of its limit by itself, so a
visitor costs no statement. Who sends more needs tokens, which the process leases from the database a block at a time;
they are then shared by all processes. Who is refused is refused here until its time has come: a flood costs the
database one statement a pause, not one a post.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass, field
from ipaddress import ip_address

import structlog

from leadgen.app.headers import name_network
from leadgen.app.metrics import POSTS_LIMITED
from leadgen.app.problems import RETRY_AFTER_SECONDS, TOO_MANY, UNAUTHORIZED, UNAVAILABLE, Kind, Problem
from leadgen.app.queries import Queries, RateLimit

SHARE = 20  # a process gives away this part of a limit by itself, and leases as much at a time
EVERYBODY = "*"
NO_SOURCE = "-"
READ_SECONDS = 5.0  # after which the limits are read again
MOST_SENDERS = 20_000  # whose state is remembered, of each limit
MOST_KEYS = 10_000  # that are known to be valid
MAX_SUBJECT = 200
BATCHES = 8  # that one process has in hand
BATCHES_OF_ONE = 2  # of one key
TOO_MANY_OF_ONE = (
    f"{BATCHES_OF_ONE} batches of this API key are under way, and no more may be. Nothing of it was kept."
)
TOO_MANY_OF_ALL = f"{BATCHES} batches are under way, and no more may be. Nothing of it was kept."
BEHIND_A_PROXY = "behind a proxy set TRUSTED_PROXIES, or all visitors have the proxy's address"

log = structlog.get_logger()


@dataclass(eq=False)
class _Sender:
    """What a sender may still post, by the word of this process."""

    free: float
    filled_at: float
    leased: int = 0
    refused_until: float = 0.0
    lease: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rates:
    """Holds senders to the rate limits."""

    def __init__(self, queries: Queries, note_key_use: Callable[[str], None] = lambda _: None) -> None:
        self._queries = queries
        self._note_key_use = note_key_use
        self._limits: dict[tuple[str, str], RateLimit] = {}
        self._read_at = -math.inf
        self._reading: asyncio.Task[None] | None = None
        self._senders: dict[str, dict[str, _Sender]] = {}
        self._known_keys: dict[str, None] = {}

    async def check_head(self, context: Mapping[str, str], refusal: Kind = TOO_MANY) -> None:
        """Count a request by what its head says. Raises Problem, of the kind `refusal`, for one too many.

        Whose key is not known to be valid counts by its address, or an invented key would be a way around.
        """
        key_hash = context.get("api_key_hash")
        if key_hash not in self._known_keys:
            address = context.get("ip_address")
            await self._take("address", address and name_network(ip_address(address)), refusal)
        if key_hash is not None:
            await self.check_key(key_hash, refusal)

    async def check_key(self, key_hash: str, refusal: Kind = TOO_MANY) -> None:
        """Count a request of a key that is known to be valid. Raises Problem as check_head."""
        await self._take("key", key_hash, refusal)

    async def count_leads(self, key_hash: str, count: int) -> tuple[int, Problem | None]:
        """Count so many leads of a valid key. Returns how many are within its limit, and what the others are told."""
        for taken in range(count):
            try:
                await self.check_key(key_hash)
            except Problem as problem:
                if problem.kind is TOO_MANY:  # else the database is away
                    POSTS_LIMITED.labels("key").inc(count - taken - 1)
                return taken, problem
        return count, None

    async def check_source(self, context: Mapping[str, str], sender: str, refusal: Kind = TOO_MANY) -> None:
        """Count a post without a key for the source or page that it names. Raises Problem as check_head."""
        if "api_key_hash" not in context:
            await self._take("source", sender or NO_SOURCE, refusal)

    @contextmanager
    def judge_key(self, context: Mapping[str, str], *, is_session: bool = False) -> Iterator[None]:
        """What is done inside tells whether the key of this request is valid; one that is refused is forgotten.

        Of the token of a session, which the database notes by itself, no use is noted.
        """
        try:
            yield
        except Problem as problem:
            if problem.kind is UNAUTHORIZED:
                self._known_keys.pop(context.get("api_key_hash", ""), None)
            raise
        self.learn_key(context, is_session=is_session)

    def knows_key(self, context: Mapping[str, str]) -> bool:
        """Whether the database took the key of this request before."""
        return context.get("api_key_hash") in self._known_keys

    def learn_key(self, context: Mapping[str, str], *, is_session: bool = False) -> None:
        """The database took the key of this request."""
        if key_hash := context.get("api_key_hash"):
            if not is_session:
                self._note_key_use(key_hash)
            self._known_keys.pop(key_hash, None)
            self._known_keys[key_hash] = None
            if len(self._known_keys) > MOST_KEYS:
                del self._known_keys[next(iter(self._known_keys))]

    async def _take(self, name: str, subject: str | None, refusal: Kind) -> None:
        limit = await self._find_limit(name, subject)
        if limit is None or not subject:
            return
        subject = subject[:MAX_SUBJECT]
        sender = self._find_sender(limit, name, subject)
        if not self._take_here(limit, sender):
            async with sender.lease:
                while not self._take_here(limit, sender):
                    await self._lease(limit, name, subject, sender, refusal)

    def _take_here(self, limit: RateLimit, sender: _Sender) -> bool:
        now = asyncio.get_running_loop().time()
        share = limit.amount / SHARE
        passed = now - sender.filled_at
        sender.free = min(share, sender.free + passed * share / limit.per_seconds)
        sender.filled_at = now
        if sender.free >= 1:
            sender.free -= 1
        elif sender.leased >= 1:
            sender.leased -= 1
        else:
            return False
        return True

    async def _lease(self, limit: RateLimit, name: str, subject: str, sender: _Sender, refusal: Kind) -> None:
        clock = asyncio.get_running_loop().time
        if clock() >= sender.refused_until:
            count = max(1, limit.amount // SHARE)
            sender.leased, retry_after = await self._queries.lease_posts(name, subject, count)
            if sender.leased:
                return
            sender.refused_until = clock() + retry_after
            hint = BEHIND_A_PROXY if name == "address" else None
            facts = {"amount": limit.amount, "per_seconds": limit.per_seconds, "hint": hint}
            log.warning("rate limit reached", limit=name, **facts)
        POSTS_LIMITED.labels(name).inc()
        left = round(
            sender.refused_until - clock(), 3
        )  # sums of floats are a little off; it may be over by now
        raise refuse(name, max(1, math.ceil(left)), refusal)

    def _find_sender(self, limit: RateLimit, name: str, subject: str) -> _Sender:
        senders = self._senders.setdefault(name, {})
        sender = senders.pop(subject, None)
        if sender is None:
            sender = _Sender(limit.amount / SHARE, asyncio.get_running_loop().time())
        senders[subject] = sender  # the one that posted last comes last
        if len(senders) > MOST_SENDERS:
            del senders[next(iter(senders))]
        return sender

    async def _find_limit(self, name: str, subject: str | None) -> RateLimit | None:
        """The limit of a subject; None if there is none."""
        now = asyncio.get_running_loop().time()
        if now >= self._read_at + READ_SECONDS and self._reading is None:
            self._reading = asyncio.create_task(self._read_limits(), context=Context())  # for all requests
        if self._read_at == -math.inf and self._reading is not None:
            await asyncio.shield(self._reading)
        limit = self._limits.get((name, subject or EVERYBODY)) or self._limits.get((name, EVERYBODY))
        return limit if limit and limit.is_active else None

    async def _read_limits(self) -> None:
        """Read the limits; who was held to others starts anew. Without a database the old ones stay."""
        try:
            limits = {(limit.name, limit.subject): limit for limit in await self._queries.list_rate_limits()}
            if limits != self._limits:
                self._limits = limits
                self._senders.clear()
        except Problem as problem:
            log.warning("rate limits not read", problem=problem.kind.slug)
        finally:
            self._read_at = asyncio.get_running_loop().time()
            self._reading = None


class BatchesUnderWay:
    """The batches that this process has in hand: each is read whole, so their number bounds the memory."""

    def __init__(self) -> None:
        self._of_key = Counter[str]()

    @contextmanager
    def take(self, key_hash: str) -> Iterator[None]:
        """Be one of them inside. Raises Problem (429, 503) if there are too many of this key, or of all."""
        if self._of_key[key_hash] >= BATCHES_OF_ONE:
            POSTS_LIMITED.labels("batches").inc()
            raise _try_again(TOO_MANY_OF_ONE, RETRY_AFTER_SECONDS, TOO_MANY)
        if self._of_key.total() >= BATCHES:
            raise _try_again(TOO_MANY_OF_ALL, RETRY_AFTER_SECONDS, UNAVAILABLE)
        self._of_key[key_hash] += 1
        try:
            yield
        finally:
            self._of_key[key_hash] -= 1
            self._of_key += Counter()  # forgets who has none


def refuse(name: str, retry_after: int, kind: Kind = TOO_MANY) -> Problem:
    """The problem of a request that is beyond a rate limit. It may be sent again, in `retry_after` seconds."""
    why = f"Too many requests: the rate limit of this {name} is reached. Nothing of it was kept."
    return _try_again(why, max(1, retry_after), kind)


def refuse_limited(message: str, retry_after: int, kind: Kind = TOO_MANY) -> Problem:
    """The problem of a lead that the database answers with `limited`."""
    POSTS_LIMITED.labels("quarantine").inc()
    return _try_again(message, retry_after, kind)


def _try_again(why: str, seconds: int, kind: Kind) -> Problem:
    detail = f"{why} Try again in {seconds} seconds."
    return Problem(kind, detail, headers={"Retry-After": str(seconds)})
