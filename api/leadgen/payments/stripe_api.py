"""Stripe's API, by its official package: one call at a time, and nothing is tried again here.

What a call brought is objects as Stripe sent them, or a fault: `refused` (it did nothing and will not), `later` (it did
nothing now), `absent` (what was looked for is not there), `unknown` (nobody knows whether it did something).

https://docs.stripe.com/api/idempotent_requests
https://docs.stripe.com/error-low-level
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Literal

import requests
import stripe

from leadgen.payments.due import Called, Fault

MOST_LISTED = 1_000  # objects that are looked through
LATER = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)


class StripeApi:
    """The calls that the database names. May be used by several threads."""

    def __init__(self, secret_key: str, url: str, seconds: float, return_url: str | None) -> None:
        session = requests.Session()
        session.trust_env = False
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=seconds, session=session),
        )
        self._return_url = return_url
        calls = self._client.v1
        self._calls: Mapping[str, Callable[[dict[str, Any], dict[str, Any]], Called]] = {
            "charge": lambda given, options: _one(calls.payment_intents.create(_any(given), _any(options))),
            "open_session": self._open_session,
            "refund": lambda given, options: _one(calls.refunds.create(_any(given), _any(options))),
            "show_intent": lambda given, _: _one(
                calls.payment_intents.retrieve(given.pop("id"), _any(given))
            ),
            "show_session": lambda given, _: _one(
                calls.checkout.sessions.retrieve(given.pop("id"), _any(given))
            ),
            "show_refund": lambda given, _: _one(calls.refunds.retrieve(given.pop("id"), _any(given))),
            "find_intent": lambda given, _: _find(calls.payment_intents.list, given, "leadgen_payment"),
            "find_refund": lambda given, _: _find(calls.refunds.list, given, "leadgen_refund"),
        }

    def call(self, name: str, parameters: dict[str, Any], key: str) -> Called:
        """Make one call under an idempotency key. Raises nothing that Stripe or the network may cause."""
        try:
            return self._calls[name](dict(parameters), {"idempotency_key": key})
        except stripe.StripeError as error:
            return _read_error(error)

    def _open_session(self, given: dict[str, Any], options: dict[str, Any]) -> Called:
        if self._return_url is None:
            return Called([], Fault(kind="later", code=None, message="STRIPE_RETURN_URL is not set"))
        given |= {"success_url": self._return_url, "cancel_url": self._return_url}
        return _one(self._client.v1.checkout.sessions.create(_any(given), _any(options)))


def _any(value: Any) -> Any:
    """The package types its parameters; ours are JSON from the database."""
    return value


def _one(answer: Any) -> Called:
    """One object, with what is expanded in it that says something by itself."""
    response = answer.last_response
    found = json.loads(response.body)
    inner = found.get("payment_intent")
    objects = [found, inner] if isinstance(inner, dict) else [found]
    return Called(objects, said_at=_read_date(response.headers))


def _find(look: Callable[..., Any], given: dict[str, Any], name: str) -> Called:
    """The object that carries our key in its metadata. Lists are complete once a call has ended; searches are not."""
    listed = look(_any(given["params"]))
    said_at = _read_date(listed.last_response.headers)
    pages: Iterable[Any] = listed.auto_paging_iter()
    for number, one in enumerate(pages):
        found = one.to_dict()
        if (found.get("metadata") or {}).get(name) == given["key"]:
            return Called([json.loads(json.dumps(found, default=str))], said_at=said_at)
        if number >= MOST_LISTED:
            message = f"not among the latest {MOST_LISTED}"
            return Called([], Fault(kind="later", code=None, message=message), said_at)
    return Called([], Fault(kind="absent", code=None, message="not found"), said_at)


def _read_error(error: stripe.StripeError) -> Called:
    """The fault; of a card that was declined the PaymentIntent, which says so itself."""
    said_at = _read_date(error.headers or {})
    body = error.json_body if isinstance(error.json_body, dict) else {}
    told = body.get("error")
    intent = told.get("payment_intent") if isinstance(told, dict) else None
    if isinstance(error, stripe.CardError) and isinstance(intent, dict):
        return Called([intent], said_at=said_at)
    kind: Literal["refused", "later", "unknown"] = "unknown"
    if error.http_status in LATER:
        kind = "later"
    elif isinstance(error, (stripe.CardError, stripe.InvalidRequestError)) and not isinstance(
        error, stripe.IdempotencyError
    ):
        kind = "refused"
    message = error.user_message or type(error).__name__
    if isinstance(error, stripe.APIConnectionError):
        message = "no answer from Stripe"
    return Called([], Fault(kind=kind, code=error.code, message=message[:300]), said_at)


def _read_date(headers: Mapping[str, str]) -> datetime | None:
    """When an answer was given, by the clock of who gave it."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        return parsedate_to_datetime(named["date"])
    except (KeyError, ValueError, TypeError):
        return None
