"""POST /api/webhooks/stripe: events are stored as they came, once their signature fits (FAULTS 43)."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import psycopg
import pytest

from api.serving import Answer, Api, running_api
from doubles.stripe_api import WEBHOOK_SECRET, sign
from rig.cluster import Cluster

PATH = "/api/webhooks/stripe"
JSON = "application/json; charset=utf-8"  # as Stripe sends it
_numbers = count(1)


@pytest.fixture(scope="module")
def stripe_api(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that takes payments by Stripe."""
    with (
        cluster.clone(template) as database,
        running_api(
            database, tmp_path_factory.mktemp("stripe"), STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET
        ) as running,
    ):
        yield running


def make_event(**changes: Any) -> dict[str, Any]:
    """An event unlike any other."""
    intent = {"object": "payment_intent", "id": "pi_1", "status": "succeeded", "amount_received": 1}
    event = {
        "id": f"evt_{next(_numbers)}", "object": "event", "type": "payment_intent.succeeded", "created": 1_790_000_000,
        "data": {"object": intent},
    }  # fmt: skip
    return {name: value for name, value in (event | changes).items() if value is not None}


def send(api: Api, event: Any, at: int | None = None, secret: str = WEBHOOK_SECRET, **headers: str) -> Answer:
    body, signature = sign(event, secret, at)
    given = {"Content_Type": JSON, "Stripe_Signature": signature} | headers
    return api.request("POST", PATH, body, **{name: value for name, value in given.items() if value})


def stored(api: Api, event: dict[str, Any]) -> list[Any]:
    with psycopg.connect(api.database) as connection:
        query = "select body, outcome from leadgen.payment_events where event_id = %s"
        return connection.execute(query, [event["id"]]).fetchall()


def test_an_event_is_stored_as_it_came(stripe_api: Api) -> None:
    event = make_event(note="ü")
    assert send(stripe_api, event).status == 204
    assert stored(stripe_api, event) == [(json.dumps(event), None)]


def test_an_event_that_comes_often_is_stored_once(stripe_api: Api) -> None:
    event = make_event()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: send(stripe_api, event), range(16)))
    assert {answer.status for answer in answers} == {204}
    assert len(stored(stripe_api, event)) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Stripe_Signature": ""},
        {"Stripe_Signature": "t=1,v1=00"},
        {"Stripe_Signature": "x" * 2_000},
        {"Stripe_Signature": "t=,v1="},
        {"Stripe_Signature": "t=\xe9,v1=\xe9"},
        {"Stripe_Signature": f"v0=00,t={int(time.time())}"},
    ],
)
def test_what_is_not_signed_is_forbidden(stripe_api: Api, headers: dict[str, str]) -> None:
    event = make_event()
    answer = send(stripe_api, event, None, WEBHOOK_SECRET, **headers)
    assert (answer.status, answer.fields) == (403, ["Stripe-Signature"])
    assert stored(stripe_api, event) == []


@pytest.mark.parametrize("seconds", [-301, 301])
def test_an_old_signature_is_forbidden(stripe_api: Api, seconds: int) -> None:
    assert send(stripe_api, make_event(), at=int(time.time()) + seconds * 2).status == 403


def test_another_secret_is_forbidden(stripe_api: Api) -> None:
    assert send(stripe_api, make_event(), secret="whsec_other").status == 403


def test_a_changed_body_is_forbidden(stripe_api: Api) -> None:
    body, signature = sign(make_event())
    answer = stripe_api.request("POST", PATH, body + " ", Content_Type=JSON, Stripe_Signature=signature)
    assert answer.status == 403


def test_one_of_two_signatures_is_enough(stripe_api: Api) -> None:
    body, signature = sign(make_event())
    answer = stripe_api.request(
        "POST", PATH, body, Content_Type=JSON, Stripe_Signature=signature + ",v1=00,v0=00"
    )
    assert answer.status == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": 7},
        {"type": None},
        {"created": "now"},
        {"created": 1e300},
        {"data": {}},
        {"id": "x" * 300},
    ],
)
def test_what_is_no_event_is_refused(stripe_api: Api, changes: dict[str, Any]) -> None:
    answer = send(stripe_api, make_event(**changes))
    assert (answer.status, answer.fields) == (400, ["body"])


@pytest.mark.parametrize("body", [[], "x", 1, {"a": "\x00"}])
def test_other_bodies_are_refused(stripe_api: Api, body: Any) -> None:
    assert send(stripe_api, body).status == 400


def test_other_types_and_sizes_are_refused(stripe_api: Api) -> None:
    assert send(stripe_api, make_event(), Content_Type="text/plain").status == 415
    assert send(stripe_api, make_event(note="x" * 1_100_000)).status == 413


def test_deep_json_is_refused_and_not_500(stripe_api: Api) -> None:
    import stripe

    body = json.dumps(make_event())[:-1] + ', "deep": ' + "[" * 100_000 + "]" * 100_000 + "}"
    signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
    assert stripe_api.request("POST", PATH, body, Content_Type=JSON, Stripe_Signature=signature).status == 400


def test_where_no_payments_are_taken_there_is_nothing(api: Api) -> None:
    answer = send(api, make_event())
    answer.check_problem()
    assert answer.status == 404
