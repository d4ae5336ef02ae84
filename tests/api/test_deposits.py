"""The routes of a buyer's payments: its own, and nobody else's."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg
import pytest

from api.serving import (
    BUYER_KEY,
    OTHER_BUYER_KEY,
    REVOKED_BUYER_KEY,
    Answer,
    Api,
    add_catalogue,
    running_api,
)
from doubles.stripe_api import WEBHOOK_SECRET
from rig.cluster import Cluster

_numbers = count(1)


@pytest.fixture(scope="module")
def paid_api(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that takes payments by Stripe."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        directory = tmp_path_factory.mktemp("deposits")
        with running_api(database, directory, STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET) as running:
            yield running


def ask(api: Api, body: Any, buyer: str = BUYER_KEY, **headers: str) -> Answer:
    given = {
        "X_API_Key": buyer,
        "Idempotency_Key": f"key {next(_numbers)}",
        "Content_Type": "application/json",
    }
    return api.request(
        "POST", "/api/deposits", json.dumps(body), **{k: v for k, v in (given | headers).items() if v}
    )


def test_a_deposit_is_asked_for_and_shown(paid_api: Api) -> None:
    asked = ask(paid_api, {"amount": "250.00", "save_method": True})
    assert asked.status == 202
    assert (asked.json["status"], asked.json["amount"], asked.json["pay_url"]) == ("pending", "250.00", None)
    with psycopg.connect(paid_api.database, autocommit=True) as connection:
        connection.execute(
            "update leadgen.payments set session_url = 'https://pay.example/1' where id = %s",
            [asked.json["payment_id"]],
        )
    shown = paid_api.get(f"/api/payments/{asked.json['payment_id']}", X_API_Key=BUYER_KEY)
    assert (shown.status, shown.json["pay_url"]) == (200, "https://pay.example/1")


def test_a_key_is_one_payment_of_one_buyer(paid_api: Api) -> None:
    first = ask(paid_api, {"amount": "10"}, Idempotency_Key="the same")
    assert ask(paid_api, {"amount": "10.00"}, Idempotency_Key="the same").json == first.json
    assert ask(paid_api, {"amount": "11"}, Idempotency_Key="the same").status == 422
    with psycopg.connect(paid_api.database, autocommit=True) as connection:
        connection.execute("update leadgen.buyers set currency = 'USD' where currency is null")
    other = ask(paid_api, {"amount": "10"}, OTHER_BUYER_KEY, Idempotency_Key="the same")
    assert other.json["payment_id"] != first.json["payment_id"]


def test_another_buyer_sees_nothing_of_it(paid_api: Api) -> None:
    asked = ask(paid_api, {"amount": "10"}).json["payment_id"]
    for payment in (asked, 10**6, 10**30):
        answer = paid_api.get(f"/api/payments/{payment}", X_API_Key=OTHER_BUYER_KEY)
        answer.check_problem()
        assert answer.status == 404


@pytest.mark.parametrize("key", ["", REVOKED_BUYER_KEY, "lg_nobody"])
def test_without_a_key_there_is_nothing(paid_api: Api, key: str) -> None:
    assert ask(paid_api, {"amount": "10"}, key).status == 401
    assert paid_api.request("GET", "/api/payments/1", **({"X_API_Key": key} if key else {})).status == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": 10}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "\u0663"}, "amount"),
        ({"amount": "10", "save_method": "yes"}, "save_method"),
        ({"amount": "10", "card": "4242"}, "card"),
    ],
)
def test_a_field_that_is_odd_is_named(paid_api: Api, body: dict[str, Any], field: str) -> None:
    answer = ask(paid_api, body)
    assert (answer.status, answer.fields) == (400, [field])


def test_a_key_is_needed(paid_api: Api) -> None:
    answer = ask(paid_api, {"amount": "10"}, Idempotency_Key="")
    assert (answer.status, answer.fields) == (400, ["Idempotency-Key"])


def test_where_no_payments_are_taken_there_is_nothing(api: Api) -> None:
    assert ask(api, {"amount": "10"}).status == 404
