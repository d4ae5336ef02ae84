"""What handlers work with: made once a process by create_app, given to a handler that asks for `services`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import litestar
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from leadgen.app.account_queries import AccountQueries
from leadgen.app.batches import LeadBatcher
from leadgen.app.cookies import Cookies
from leadgen.app.exports import Exports
from leadgen.app.feed import Feed
from leadgen.app.headers import group, read_address_of_caller, read_caller
from leadgen.app.key_uses import KeyUses
from leadgen.app.password_work import PasswordWork
from leadgen.app.problems import MALFORMED, TOO_LARGE, UNAUTHORIZED, UNAVAILABLE, Problem
from leadgen.app.provider import Provider
from leadgen.app.queries import Queries
from leadgen.app.rates import BatchesUnderWay, Rates
from leadgen.app.sealing import NOT_OPENED, Sealer
from leadgen.app.site import Site
from leadgen.app.sms_callbacks import SmsCallbacks
from leadgen.app.stripe_secrets import StripeSecrets
from leadgen.db.pool import make_pool
from leadgen.mail_domains import MailDomains
from leadgen.sealing.envelope import SealError
from leadgen.sealing.keyring import load_ring
from leadgen.settings import Settings, SettingsError

Request = litestar.Request[Any, Any, State]
CALLER = "leadgen_caller"  # in the state of a request: who admit_caller has admitted


@dataclass(frozen=True, slots=True)
class Services:
    """The database, those who are asked outside of it, and what a request is bounded by."""

    queries: Queries
    accounts: AccountQueries
    passwords: PasswordWork
    cookies: Cookies
    public_host: str | None  # of PUBLIC_URL
    site: Site | None  # for which browsers sign; None: without PUBLIC_URL
    provider: Provider | None  # by whom people sign in; None: by nobody
    batcher: LeadBatcher
    sealer: Sealer | None  # None: personal data is stored clear
    rates: Rates
    key_uses: KeyUses
    batches: BatchesUnderWay
    feed: Feed
    exports: Exports
    mail_domains: MailDomains
    sms_callbacks: SmsCallbacks | None  # None: no text messages are sent from here
    stripe_secrets: StripeSecrets | None  # None: no payments by Stripe are taken in here
    max_body_bytes: int
    max_post_bytes: int
    max_batch_bytes: int
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    security_contact: tuple[str, ...]  # as addresses: mailto:, https:, tel:

    async def admit_caller(self, request: Request) -> dict[str, str]:
        """Who calls with a key (headers.read_caller), unless a rate limit is reached: Problem. Counted once."""
        scope = request.scope
        caller: dict[str, str] | None = scope["state"].get(CALLER)
        if caller is None:
            caller = read_caller(group(scope["headers"]), scope["client"], self.trusted_proxies)
            await self.rates.check_head(caller)
            scope["state"][CALLER] = caller
        return caller

    async def admit_source(self, context: Mapping[str, str]) -> None:
        """Nothing, unless the caller has no source's key (401) or a rate limit is reached: Problem."""
        if "api_key_hash" not in context:
            raise Problem(UNAUTHORIZED, "No valid API key")
        await self.rates.check_head(context)
        await self.check_source_key(context)

    async def check_source_key(self, context: Mapping[str, str]) -> None:
        """Nothing, unless the caller shows a key that is no source's: Problem (401)."""
        if "api_key_hash" in context and not self.rates.knows_key(context):
            with self.rates.judge_key(context):
                await self.queries.check_source_key(context["api_key_hash"])

    async def put_key_first(self, problem: Problem, context: Mapping[str, str]) -> None:
        """Nothing, unless what has this problem came with a key that is no source's: the Problem (401) instead."""
        if problem.kind in (MALFORMED, TOO_LARGE):
            try:
                await self.check_source_key(context)
            except Problem as refusal:
                if refusal.kind is UNAUTHORIZED:
                    raise refusal from None

    async def show_sale(self, key_hash: str, assignment_id: int) -> str:
        """A sale as JSON, for its buyer's key; its lead's contact is opened if it is sealed. Raises Problem."""
        sale = await self.queries.show_sale(key_hash, assignment_id)
        if self.sealer is not None:
            return await self.sealer.open_sale(sale)
        if "sealed" in json.loads(sale):
            raise Problem(UNAVAILABLE, NOT_OPENED)
        return sale

    async def admit_anybody(self, request: Request) -> str | None:
        """The address of somebody without a key, unless it has reached its rate limit: Problem."""
        scope = request.scope
        caller = read_address_of_caller(group(scope["headers"]), scope["client"], self.trusted_proxies)
        await self.rates.check_head(caller)
        return caller.get("ip_address")


FromServices: TypeAlias = NamedDependency[SkipValidation[Services]]  # the parameter's name is `services`


def make_services(settings: Settings) -> Services:
    """By the settings; nothing is opened. Raises SettingsError without a database."""
    if settings.database_url is None:
        raise SettingsError("setting DATABASE_URL: the API needs it")
    queries = Queries(make_pool(settings.database_url, settings.db_pool_size, "leadgen-api"))
    try:
        ring = load_ring(settings.pii_keys, settings.pii_keys_file, settings.pii_key_command)
    except SealError as error:
        raise SettingsError(str(error)) from None
    sealer = Sealer(ring, queries) if ring else None
    key_uses = KeyUses(queries.note_key_uses)
    return Services(
        queries=queries,
        accounts=AccountQueries(queries.pool),
        passwords=PasswordWork(),
        cookies=Cookies(is_secure=settings.environment != "development"),
        site=Site.of(settings.public_url),
        provider=Provider.of(settings),
        public_host=urlsplit(settings.public_url).netloc.lower() if settings.public_url else None,
        batcher=LeadBatcher(queries, settings.db_pool_size, sealer),
        sealer=sealer,
        rates=Rates(queries, key_uses.note),
        key_uses=key_uses,
        batches=BatchesUnderWay(),
        feed=Feed(queries, settings.max_feed_streams, settings.max_feed_streams_per_key),
        exports=Exports(settings.database_url),
        mail_domains=MailDomains(settings.mx_timeout_seconds, settings.dns_servers),
        sms_callbacks=SmsCallbacks.of(settings),
        stripe_secrets=StripeSecrets.of(settings),
        max_body_bytes=settings.max_body_bytes,
        max_post_bytes=max(settings.max_body_bytes, settings.max_post_bytes),
        max_batch_bytes=max(settings.max_body_bytes, settings.max_batch_bytes),
        trusted_proxies=settings.trusted_proxies,
        security_contact=settings.security_contact,
    )
