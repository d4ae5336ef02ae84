"""The application factory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide

from leadgen.app.ad_networks import take_post, verify_subscription
from leadgen.app.answer_pages import give_answer, show_answer
from leadgen.app.assignments import (
    accept_assignment,
    list_return_reasons,
    return_assignment,
    show_assignment,
)
from leadgen.app.health import show_live, show_ready
from leadgen.app.leads import explain_lead, submit_lead
from leadgen.app.metrics import MeasuredApp, forget_process
from leadgen.app.openapi.document import make_config
from leadgen.app.posted_batches import submit_batch
from leadgen.app.problems import EXCEPTION_HANDLERS
from leadgen.app.services import Services, make_services
from leadgen.app.sms_status import take_sms_status
from leadgen.log import configure_logging
from leadgen.settings import Settings, load_settings

# A landing page posts from its visitor's browser. No cookie is involved, so any origin may; which source it is, the
# database decides. A page that is told to wait has to see for how long.
ANY_PAGE = CORSConfig(
    allow_origins=["*"],
    allow_methods=["GET", "POST"],
    allow_headers=["content-type", "idempotency-key", "authorization", "x-api-key"],
    expose_headers=["retry-after"],
)


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the API of one process. Starting it does not need the database; /health/ready says when it is
    there.

    Raises SettingsError for settings that are malformed or missing.
    """
    settings = settings or load_settings()
    services = make_services(settings)
    configure_logging(settings.log_level, settings.log_format)
    return MeasuredApp(
        route_handlers=[
            submit_lead,
            submit_batch,
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
        ],
        cors_config=ANY_PAGE,
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[partial(_lifespan, services)],
        logging_config=None,
        openapi_config=make_config(),
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
    )


@asynccontextmanager
async def _lifespan(services: Services, _: Litestar) -> AsyncIterator[None]:
    await services.queries.pool.open()
    try:
        yield
    finally:
        await services.batcher.drain()
        await services.queries.pool.close()
        forget_process()
