"""The application factory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide

from leadgen import tracing
from leadgen.app import bookings, books, stopping
from leadgen.app.account_pages import (
    ask_password,
    ask_verify,
    set_password_by_page,
    verify_by_page,
)
from leadgen.app.account_sessions import (
    confirm_totp,
    end_session,
    end_sessions,
    enrol_totp,
    list_sessions,
    remove_totp,
    renew_recovery_codes,
)
from leadgen.app.accounts import (
    change_password,
    forgot_password,
    log_in,
    log_out,
    reset_password,
    show_me,
    sign_up,
    verify_email,
)
from leadgen.app.ad_networks import take_post, verify_subscription
from leadgen.app.answer_pages import give_answer, show_answer
from leadgen.app.assignments import (
    accept_assignment,
    list_return_reasons,
    report_outcome,
    return_assignment,
    show_assignment,
)
from leadgen.app.deposits import request_deposit, show_payment
from leadgen.app.events import read_feed
from leadgen.app.form_tokens import issue_form_token
from leadgen.app.health import show_live, show_ready
from leadgen.app.invoices import list_invoices, show_invoice, show_invoice_pdf, show_statement
from leadgen.app.key_first import admit_holder
from leadgen.app.leads import explain_lead, submit_lead
from leadgen.app.metrics import MeasuredApp, forget_process, watch_pool
from leadgen.app.money import list_ledger, show_balance
from leadgen.app.openapi.document import make_config
from leadgen.app.own_keys import create_own_key, list_own_keys, revoke_own_key, rotate_own_key
from leadgen.app.passkeys import PASSKEY_ROUTES
from leadgen.app.posted_batches import submit_batch
from leadgen.app.problems import EXCEPTION_HANDLERS
from leadgen.app.provider_sign_in import PROVIDER_ROUTES
from leadgen.app.security_contact import show_security_contact
from leadgen.app.services import Services, make_services
from leadgen.app.sms_status import take_sms_status
from leadgen.app.stripe_events import take_stripe_event
from leadgen.app.users import USER_ROUTES
from leadgen.log import configure_logging
from leadgen.settings import Settings, load_settings

# A landing page posts from its visitor's browser. No cookie is involved, so any origin may; which source it is, the
# database decides. A page that is told to wait has to see for how long.
ANY_PAGE = CORSConfig(
    allow_origins=["*"],
    allow_methods=["GET", "POST"],
    allow_headers=["content-type", "idempotency-key", "authorization", "x-api-key"],
    expose_headers=["retry-after", "x-request-id"],
)

BOOKS = (
    books.list_balances,
    books.show_balance_of,
    books.list_ledger_of,
    books.show_statement_of,
    books.list_all_invoices,
    books.show_any_invoice,
    books.show_any_invoice_pdf,
    books.list_payments,
    books.list_payables,
    books.list_payouts,
    bookings.add_payment,
    bookings.credit_buyer,
    bookings.debit_buyer,
    bookings.refund_sale,
    bookings.refund_payment,
    bookings.allocate_money,
    bookings.bill_buyer,
    bookings.send_invoice,
    bookings.credit_invoice,
    bookings.cancel_invoice,
    bookings.dispute_invoice,
    bookings.resolve_dispute,
    bookings.close_month,
    bookings.pay_source,
)


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the API of one process. Starting it does not need the database; /health/ready says when it is
    there.

    Raises SettingsError for settings that are malformed or missing.
    """
    # The pages stand on this package, which imports this module.
    from leadgen.console.routes import CONSOLE_ROUTES
    from leadgen.forms.routes import FORM_ROUTES
    from leadgen.pages.assets import give_asset
    from leadgen.pages.sign_in import SIGN_IN_ROUTES
    from leadgen.portal.routes import PORTAL_ROUTES

    settings = settings or load_settings()
    services = make_services(settings)
    configure_logging(settings.log_level, settings.log_format)
    tracing.configure(settings.otel_exporter_otlp_endpoint, "leadgen-api")
    app = MeasuredApp(
        route_handlers=[
            submit_lead,
            submit_batch,
            issue_form_token,
            explain_lead,
            read_feed,
            take_post,
            verify_subscription,
            show_assignment,
            accept_assignment,
            report_outcome,
            return_assignment,
            list_return_reasons,
            list_invoices,
            show_invoice,
            show_invoice_pdf,
            show_statement,
            show_balance,
            list_ledger,
            request_deposit,
            show_payment,
            *BOOKS,
            show_answer,
            give_answer,
            sign_up,
            verify_email,
            forgot_password,
            reset_password,
            change_password,
            log_in,
            log_out,
            show_me,
            list_sessions,
            end_session,
            end_sessions,
            enrol_totp,
            confirm_totp,
            renew_recovery_codes,
            remove_totp,
            *PASSKEY_ROUTES,
            *PROVIDER_ROUTES,
            *USER_ROUTES,
            list_own_keys,
            create_own_key,
            rotate_own_key,
            revoke_own_key,
            ask_verify,
            verify_by_page,
            ask_password,
            set_password_by_page,
            take_sms_status,
            take_stripe_event,
            show_live,
            show_ready,
            show_security_contact,
            give_asset,
            SIGN_IN_ROUTES,
            CONSOLE_ROUTES,
            PORTAL_ROUTES,
            FORM_ROUTES,
        ],
        cors_config=ANY_PAGE,
        exception_handlers=EXCEPTION_HANDLERS,
        guards=[admit_holder],
        lifespan=[partial(_lifespan, services)],
        logging_config=None,
        openapi_config=make_config(is_open=settings.environment == "development"),
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
    )
    app.trusted_proxies = services.trusted_proxies
    app.state.services = services
    return app


@asynccontextmanager
async def _lifespan(services: Services, _: Litestar) -> AsyncIterator[None]:
    await services.queries.pool.open()
    uses = asyncio.create_task(services.key_uses.run())
    pool = asyncio.create_task(watch_pool(services.queries.pool))
    stopping.on_stop(services.feed.close)
    try:
        yield
    finally:
        uses.cancel()
        pool.cancel()
        await services.batcher.drain()
        await services.key_uses.flush()
        await services.queries.pool.close()
        forget_process()
        tracing.close()
