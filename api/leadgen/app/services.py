"""What handlers work with: made once a process by create_app, given to a handler that asks for `services`."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeAlias

import litestar
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from leadgen.app.batches import LeadBatcher
from leadgen.app.headers import group, read_address_of_caller, read_caller
from leadgen.app.problems import UNAUTHORIZED, Problem
from leadgen.app.queries import Queries
from leadgen.app.rates import BatchesUnderWay, Rates
from leadgen.app.sms_callbacks import SmsCallbacks
from leadgen.db.pool import make_pool
from leadgen.mail_domains import MailDomains
from leadgen.settings import Settings, SettingsError

Request = litestar.Request[Any, Any, State]


@dataclass(frozen=True, slots=True)
class Services:
    """The database, those who are asked outside of it, and what a request is bounded by."""

    queries: Queries
    batcher: LeadBatcher
    rates: Rates
    batches: BatchesUnderWay
    mail_domains: MailDomains
    sms_callbacks: SmsCallbacks | None  # None: no text messages are sent from here
    max_body_bytes: int
    max_post_bytes: int
    max_batch_bytes: int
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]

    async def admit_caller(self, request: Request) -> dict[str, str]:
        """Who calls with a key (headers.read_caller), unless a rate limit is reached: Problem."""
        scope = request.scope
        caller = read_caller(group(scope["headers"]), scope["client"], self.trusted_proxies)
        await self.rates.check_head(caller)
        return caller

    async def admit_source(self, context: Mapping[str, str]) -> None:
        """Nothing, unless the caller has no source's key (401) or a rate limit is reached: Problem."""
        if "api_key_hash" not in context:
            raise Problem(UNAUTHORIZED, "No valid API key")
        await self.rates.check_head(context)
        if not self.rates.knows_key(context):
            with self.rates.judge_key(context):
                await self.queries.check_source_key(context["api_key_hash"])

    async def admit_anybody(self, request: Request) -> None:
        """Nothing, unless the address of somebody without a key has reached its rate limit: Problem."""
        scope = request.scope
        caller = read_address_of_caller(group(scope["headers"]), scope["client"], self.trusted_proxies)
        await self.rates.check_head(caller)


FromServices: TypeAlias = NamedDependency[SkipValidation[Services]]  # the parameter's name is `services`


def make_services(settings: Settings) -> Services:
    """By the settings; nothing is opened. Raises SettingsError without a database."""
    if settings.database_url is None:
        raise SettingsError("setting DATABASE_URL: the API needs it")
    queries = Queries(make_pool(settings.database_url, settings.db_pool_size, "leadgen-api"))
    return Services(
        queries=queries,
        batcher=LeadBatcher(queries, settings.db_pool_size),
        rates=Rates(queries),
        batches=BatchesUnderWay(),
        mail_domains=MailDomains(settings.mx_timeout_seconds, settings.dns_servers),
        sms_callbacks=SmsCallbacks.of(settings),
        max_body_bytes=settings.max_body_bytes,
        max_post_bytes=max(settings.max_body_bytes, settings.max_post_bytes),
        max_batch_bytes=max(settings.max_body_bytes, settings.max_batch_bytes),
        trusted_proxies=settings.trusted_proxies,
    )
