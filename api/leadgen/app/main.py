"""The application factory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State

from leadgen.app.ad_networks import take_post, verify_subscription
from leadgen.app.answer_pages import give_answer, show_answer
from leadgen.app.assignments import (
    accept_assignment,
    list_return_reasons,
    return_assignment,
    show_assignment,
)
from leadgen.app.batches import LeadBatcher
from leadgen.app.graph import GraphApi
from leadgen.app.health import show_live, show_ready
from leadgen.app.leads import explain_lead, submit_lead
from leadgen.app.mail_domains import MailDomains
from leadgen.app.metrics import MeasuredApp, forget_process, show_metrics
from leadgen.app.openapi import show_schema
from leadgen.app.problems import EXCEPTION_HANDLERS
from leadgen.app.queries import Queries
from leadgen.app.sms_status import SmsCallbacks, take_sms_status
from leadgen.db.pool import make_pool
from leadgen.log import configure_logging
from leadgen.settings import Settings, SettingsError, load_settings

# A landing page posts from its visitor's browser. No cookie is involved, so any origin may; which source it is, the
# database decides.
ANY_PAGE = CORSConfig(
    allow_origins=["*"],
    allow_methods=["GET", "POST"],
    allow_headers=["content-type", "idempotency-key", "authorization", "x-api-key"],
)


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the API of one process. Starting it does not need the database; /health/ready says when it is
    there.

    Raises SettingsError for settings that are malformed or missing.
    """
    settings = settings or load_settings()
    if settings.database_url is None:
        raise SettingsError("setting DATABASE_URL: the API needs it")
    configure_logging(settings.log_level, settings.log_format)
    queries = Queries(make_pool(settings.database_url, settings.db_pool_size, "leadgen-api"))
    return MeasuredApp(
        route_handlers=[
            submit_lead,
            explain_lead,
            take_post,
            verify_subscription,
            show_assignment,
            accept_assignment,
            return_assignment,
            list_return_reasons,
            show_answer,
            give_answer,
            take_sms_status,
            show_live,
            show_ready,
            show_metrics,
            show_schema,
        ],
        cors_config=ANY_PAGE,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[_lifespan],
        logging_config=None,
        openapi_config=None,
        state=State(
            {
                "queries": queries,
                "batcher": LeadBatcher(queries, settings.db_pool_size),
                "mail_domains": MailDomains(settings.mx_timeout_seconds, settings.dns_servers),
                "graph": GraphApi(settings.meta_graph_url, settings.meta_graph_timeout_seconds),
                "sms_callbacks": SmsCallbacks.of(settings),
                "max_body_bytes": settings.max_body_bytes,
                "trusted_proxies": settings.trusted_proxies,
            }
        ),
    )


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    await app.state.queries.pool.open()
    try:
        async with app.state.graph:
            yield
    finally:
        await app.state.batcher.drain()
        await app.state.queries.pool.close()
        forget_process()
