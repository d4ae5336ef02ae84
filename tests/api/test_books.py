"""The routes of the books: read by any operator's key, written by one with scope money, and by nobody else."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import psycopg
import pytest

from api.serving import (
    BUYER_KEY,
    MONEY_KEY,
    OPERATOR_KEY,
    REVOKED_KEY,
    SOURCE_KEY,
    Answer,
    Api,
    add_sale,
)
from rig.waiting import wait_until

_numbers = count(1)
REASON = {"reason": "a test"}
MANY = "9" * 30

READS = [
    "/balances",
    "/buyers/1/balance",
    "/buyers/1/ledger",
    "/buyers/1/statement?from=2026-01-01&to=2099-12-31",
    "/invoices",
    "/invoices/{number}",
    "/invoices/{number}/pdf",
    "/payments",
    "/payables",
    "/payouts",
]
# Each with a body that is well-formed.
WRITES: dict[str, object] = {
    "/buyers/1/payments": {"amount": "10.00"},
    "/buyers/1/credits": {"amount": "1.00", **REASON},
    "/buyers/1/debits": {"amount": "1.00", **REASON},
    "/sales/{sale}/refunds": {"amount": "1.00", **REASON},
    "/payments/{payment}/refunds": {"amount": "1.00", **REASON},
    "/buyers/1/invoices": {"early": False},
    "/invoices/{number}/credit-notes": {"line": 1, "amount": "1.00", **REASON},
    "/invoices/{number}/dispute": REASON,
    "/invoices/{number}/allocate": None,
    "/invoices/{number}/resolve": {"notes": "it was delivered"},
    "/invoices/{number}/send": None,
    "/invoices/{number}/cancel": REASON,
    "/months/2020-01/close": None,
    "/sources/1/payouts": {"amount": "1.00"},
}
NEEDS_KEY = [
    path for path in WRITES if path.endswith(("payments", "credits", "debits", "refunds", "notes", "payouts"))
]
WAITS_FOR_TOTALS = """
select exists (select from pg_locks where relation = 'leadgen.closed_totals'::regclass and not granted)
"""
OPERATORS = [None, "nonsense", REVOKED_KEY, BUYER_KEY, SOURCE_KEY]


@pytest.fixture
def books(shared_database: psycopg.Connection) -> dict[str, Any]:
    """A sale to Ann (buyer 1), her invoice, which is open whatever she paid before, and a payment."""
    sale = add_sale(shared_database)
    shared_database.execute(
        """
        select leadgen.debit_buyer(b.id, greatest(50 - b.receivable, 1), gen_random_uuid()::text, 'a test')
        from leadgen.buyers b
        where b.id = 1
        """
    )
    shared_database.execute("update leadgen.billing_settings set company = 'Acme Leads'")
    payment, numbers = shared_database.execute(
        "select leadgen.add_payment(1, 5, 'check', gen_random_uuid()::text), leadgen.invoice_buyer(1, null, true)"
    ).fetchone() or (None, [])
    return {"sale": sale, "number": numbers[0], "payment": payment}


def post(api: Api, path: str, body: object, key: str | None = MONEY_KEY, **headers: str) -> Answer:
    """Post to the books, each time under another idempotency key."""
    given: dict[str, str] = {
        "Idempotency_Key": f"books {next(_numbers)}",
        "Content_Type": "application/json",
    } | headers
    if key:
        given["X_API_Key"] = key
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return api.request("POST", f"/api/money{path}", text, **{name: one for name, one in given.items() if one})


def get(api: Api, path: str, key: str | None = OPERATOR_KEY) -> Answer:
    """Read the books."""
    return api.get(f"/api/money{path}", **({"X_API_Key": key} if key else {}))


def count_bookings(database: psycopg.Connection) -> Any:
    """How much there is of everything that a route may write."""
    query = (
        "select (select count(*) from leadgen.ledger_transactions), (select count(*) from leadgen.invoices)"
    )
    return database.execute(query.encode()).fetchone()


@pytest.mark.parametrize("path", READS)
def test_the_books_are_read_by_any_key_of_an_operator(api: Api, books: dict[str, Any], path: str) -> None:
    for key in (OPERATOR_KEY, MONEY_KEY):
        answer = get(api, path.format(**books), key)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    for wrong in OPERATORS:
        answer = get(api, path.format(**books), wrong)
        assert (answer.status, answer.json["detail"]) == (401, "No valid API key")


@pytest.mark.parametrize("path", WRITES)
def test_money_is_moved_by_a_key_with_that_scope_only(
    api: Api, shared_database: psycopg.Connection, books: dict[str, Any], path: str
) -> None:
    before = count_bookings(shared_database)
    for wrong in OPERATORS:
        answer = post(api, path.format(**books), WRITES[path], wrong)
        assert (answer.status, answer.json["detail"]) == (401, "No valid API key")
    answer = post(api, path.format(**books), WRITES[path], OPERATOR_KEY)
    assert answer.status == 403
    assert answer.json["detail"].startswith("The key of operator olga does not allow this")
    assert answer.json["errors"] == [
        {"field": "scopes", "found": "read", "allowed": "a key with scope money"}
    ]
    assert count_bookings(shared_database) == before


@pytest.mark.parametrize("path", NEEDS_KEY)
def test_what_moves_money_needs_a_key_of_its_own(api: Api, books: dict[str, Any], path: str) -> None:
    answer = post(api, path.format(**books), WRITES[path], Idempotency_Key="")
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_a_payment_is_booked_once_under_its_key(
    api: Api, shared_database: psycopg.Connection, books: dict[str, Any]
) -> None:
    before = float(get(api, "/buyers/1/balance").json["receivable"])
    key = f"bank {next(_numbers)}"
    body = {"amount": "12.50", "method": "check", "memo": "check 7", "invoice": books["number"]}
    first, again = (post(api, "/buyers/1/payments", body, Idempotency_Key=key) for _ in range(2))
    assert first.status == again.status == 200
    assert first.json["payment"]["payment_id"] == again.json["payment"]["payment_id"]
    assert float(again.json["balance"]["receivable"]) == before - 12.5
    other = post(api, "/buyers/1/payments", body | {"amount": "12.51"}, Idempotency_Key=key)
    assert (other.status, other.json["errors"][0]["field"]) == (422, "key")
    listed = get(api, "/payments?buyer_id=1&limit=1").json
    assert (listed["payments"][0]["key"], listed["payments"][0]["memo"]) == (key, "check 7")
    assert get(api, f"/payments?buyer_id=1&before={listed['next_before']}").json["payments"]
    assert get(api, "/payments?status=failed").json["payments"] == []
    noted = shared_database.execute(
        "select message, facts ->> 'operator' from leadgen.events where kind = 'money_moved' and subject = %s",
        [f"payment {first.json['payment']['payment_id']}"],
    ).fetchall()
    assert noted == [(f"operator otto: payment {first.json['payment']['payment_id']}", "otto")]


def test_credits_debits_and_refunds(api: Api, books: dict[str, Any]) -> None:
    owed = float(get(api, "/buyers/1/balance").json["receivable"])
    credited = post(api, "/buyers/1/credits", {"amount": "3.00", **REASON}).json
    assert float(credited["balance"]["receivable"]) == owed - 3
    debited = post(api, "/buyers/1/debits", {"amount": "2.00", **REASON}).json
    assert float(debited["balance"]["receivable"]) == owed - 1
    refunded = post(api, f"/sales/{books['sale']}/refunds", {"amount": "5.00", **REASON}).json
    assert float(refunded["balance"]["receivable"]) == owed - 6
    assert (
        float(post(api, f"/sales/{books['sale']}/refunds", REASON).json["balance"]["receivable"]) == owed - 46
    )
    assert post(api, f"/sales/{books['sale']}/refunds", REASON).status == 409, "nothing is left of it"
    back = post(api, f"/payments/{books['payment']}/refunds", REASON).json
    assert (back["payment"]["status"], float(back["balance"]["receivable"])) == ("refunded", owed - 41)
    entries = get(api, "/buyers/1/ledger?limit=2").json
    assert [one["amount"] for one in entries["entries"]] == ["5.00", "-40.00"]
    older = get(api, f"/buyers/1/ledger?limit=1&before={entries['next_before']}").json["entries"]
    assert older[0]["amount"] == "-5.00"


def test_an_invoice_from_first_to_last(
    api: Api, shared_database: psycopg.Connection, books: dict[str, Any]
) -> None:
    number = books["number"]
    assert get(api, f"/invoices/{number}").json["lines"]
    assert get(api, f"/invoices/{number}/pdf").body.startswith(b"%PDF-")
    assert post(api, f"/invoices/{number}/dispute", REASON).json["status"] == "disputed"
    assert get(api, "/invoices?status=disputed&buyer_id=1").json["invoices"][0]["number"] == number
    assert post(api, f"/invoices/{number}/resolve", {"notes": "it came"}).json["status"] in (
        "sent",
        "partly_paid",
    )
    body = {"line": 1, "amount": "1.00", **REASON}
    noted, again = (
        post(api, f"/invoices/{number}/credit-notes", body, Idempotency_Key=f"part {number}") for _ in "ab"
    )
    assert noted.json["numbers"][0].startswith("CN-")
    assert again.json["numbers"] == [], "one key gives back once"
    cancelled = post(api, f"/invoices/{number}/cancel", REASON)
    assert cancelled.json["numbers"][0].startswith("CN-")
    assert post(api, f"/invoices/{number}/cancel", REASON).status == 409
    assert post(api, f"/invoices/{number}/send", None).status == 409
    shared_database.execute("update leadgen.billing_settings set sends_at_once = false")
    try:
        add_sale(shared_database)
        (draft,) = post(api, "/buyers/1/invoices", {"early": True}).json["numbers"]
        shown = get(api, f"/invoices/{draft}").json
        assert (shown["status"], shown["issued_on"]) == ("draft", None)
        (sent,) = post(api, f"/invoices/{draft}/send", None).json["numbers"]
    finally:
        shared_database.execute("update leadgen.billing_settings set sends_at_once = true")
    assert sent.startswith("INV-")
    assert post(api, f"/invoices/{sent}/allocate", None).json["number"] == sent


def test_money_goes_to_the_invoice_that_is_named(
    api: Api, shared_database: psycopg.Connection, books: dict[str, Any]
) -> None:
    number = books["number"]
    post(api, f"/invoices/{number}/dispute", REASON)
    post(api, "/buyers/1/payments", {"amount": "90000.00"})
    assert get(api, f"/invoices/{number}").json["status"] == "disputed", "what is disputed is left out"
    assert post(api, f"/invoices/{number}/allocate", None).json["status"] == "paid"
    assert post(api, f"/invoices/{number}/allocate", None).status == 409


def test_pages_of_balances(api: Api) -> None:
    first = get(api, "/balances?limit=1").json
    assert (first["balances"][0]["buyer"], first["next_after"]) == ("Ann", 1)
    assert [one["buyer"] for one in get(api, "/balances?after=1").json["balances"]] == ["Bob"]


def test_a_source_is_paid(api: Api, shared_database: psycopg.Connection) -> None:
    shared_database.execute(
        """
        with policy as (insert into leadgen.payout_policies (name, rules) values ('p', '{"price": 8}') returning id)
        update leadgen.sources set payout_policy_id = policy.id from policy where sources.id = 1
        """
    )
    try:
        add_sale(shared_database)
    finally:
        shared_database.execute("update leadgen.sources set payout_policy_id = null")
    (payable,) = get(api, "/payables").json["payables"]
    assert (payable["source"], payable["owed"]) == ("austin-plumbing-v1", "8.00")
    assert post(api, "/sources/1/payouts", {"amount": "8.01"}).status == 409
    body = {"amount": "3.00", "method": "check", "memo": "November", "until": "2099-01-01T00:00:00Z"}
    paid = post(api, "/sources/1/payouts", body, Idempotency_Key="payout 1").json
    assert post(api, "/sources/1/payouts", body, Idempotency_Key="payout 1").json == paid
    assert get(api, "/payouts?source_id=1").json["payouts"] == [paid]
    assert get(api, "/payouts?source_id=2").json["payouts"] == []
    assert get(api, "/payables").json["payables"][0]["owed"] == "5.00"


def test_a_month_is_closed(api: Api) -> None:
    assert post(api, "/months/2020-01/close", None).json == {"month": "2020-01", "totals": 0}
    assert post(api, "/months/2020-01/close", None).status == 200, "again it changes nothing"
    assert post(api, "/months/2019-12/close", None).status == 409
    assert post(api, "/months/2099-01/close", None).status == 409
    assert post(api, "/months/soon/close", None).json["errors"][0]["field"] == "month"


def test_leads_are_sold_while_a_closed_month_is_summed_up(
    api: Api, shared_database: psycopg.Connection
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with shared_database.transaction():
            shared_database.execute("lock table leadgen.closed_totals in share mode")
            closing = pool.submit(post, api, "/months/2020-02/close", None)
            wait_until(lambda: shared_database.execute(WAITS_FOR_TOTALS).fetchone() == (True,))
            with psycopg.connect(api.database, autocommit=True, options="-c lock_timeout=1s") as seller:
                assert add_sale(seller)
        assert closing.result().json == {"month": "2020-02", "totals": 0}


@pytest.mark.parametrize(
    ("path", "body", "status", "name"),
    [
        ("/buyers/1/payments", {}, 400, "amount"),
        ("/buyers/1/payments", {"amount": 10}, 400, "amount"),
        ("/buyers/1/payments", {"amount": "0"}, 400, "amount"),
        ("/buyers/1/payments", {"amount": "-1.00"}, 400, "amount"),
        ("/buyers/1/payments", {"amount": "1.005"}, 400, "amount"),
        ("/buyers/1/payments", {"amount": "1", "method": "gold"}, 400, "method"),
        ("/buyers/1/payments", {"amount": "1", "method": "stripe"}, 400, "method"),
        ("/buyers/1/payments", {"amount": "1", "memo": "x" * 501}, 400, "memo"),
        ("/buyers/1/payments", {"amount": "1", "memo": 5}, 400, "memo"),
        ("/buyers/1/payments", {"amount": "1", "invoice": "INV-1"}, 404, "invoice"),
        ("/buyers/1/payments", {"amount": "1", "more": 1}, 400, "more"),
        ("/buyers/999/payments", {"amount": "1"}, 404, "buyer_id"),
        (f"/buyers/{MANY}/payments", {"amount": "1"}, 404, "buyer_id"),
        ("/buyers/1/credits", {"amount": "1"}, 400, "reason"),
        ("/buyers/1/credits", {"amount": "1", "reason": " "}, 400, "reason"),
        ("/sales/999999/refunds", REASON, 404, "assignment_id"),
        ("/payments/999999/refunds", REASON, 404, "payment_id"),
        ("/buyers/1/invoices", {"early": "yes"}, 400, "early"),
        ("/invoices/INV-1999-00001/cancel", REASON, 404, "number"),
        ("/invoices/%00/cancel", REASON, 404, "number"),
        ("/invoices/INV-1999-00001/credit-notes", REASON | {"line": 0}, 400, "line"),
        ("/invoices/INV-1999-00001/credit-notes", REASON | {"line": True}, 400, "line"),
        ("/sources/1/payouts", {"until": "tomorrow"}, 400, "until"),
        ("/sources/1/payouts", {"until": "2026-12-01T00:00:00"}, 400, "until"),
        ("/sources/1/payouts", {"currency": "dollars"}, 400, "currency"),
        ("/sources/999/payouts", {}, 404, "source_id"),
    ],
)
def test_what_cannot_be_booked_is_refused(api: Api, path: str, body: object, status: int, name: str) -> None:
    answer = post(api, path, body)
    assert answer.status == status
    assert name in answer.json["errors"][0]["field"]


@pytest.mark.parametrize("body", ["", "{", "[]", "\ud800", '{"amount": "1", "amount": "2"}', "{" * 2000])
def test_a_body_that_is_no_object_is_refused(api: Api, body: str) -> None:
    text = body.encode("utf-8", "surrogatepass").decode("latin-1")
    assert post(api, "/buyers/1/payments", text).status == 400
    assert post(api, "/buyers/1/payments", {"amount": "1"}, Content_Type="text/plain").status == 415
    assert post(api, "/buyers/1/payments", {"amount": "1", "memo": "x" * 100_000}).status == 413


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/balances?limit=0", 400, "limit"),
        ("/balances?limit=501", 400, "limit"),
        ("/balances?after=x", 400, "after"),
        ("/buyers/999/balance", 404, "buyer_id"),
        ("/buyers/999/ledger", 404, "buyer_id"),
        ("/buyers/999/statement?from=2026-01-01&to=2026-01-02", 404, "buyer_id"),
        ("/buyers/1/statement?from=2026-11&to=2026-01-02", 400, "from"),
        ("/buyers/1/statement?from=2026-02-01&to=2026-01-02", 400, "to"),
        ("/invoices?status=lost", 400, "status"),
        ("/invoices?status=paid&status=sent", 400, "status"),
        ("/payments?status=lost", 400, "status"),
        ("/payouts?source_id=-1", 400, "source_id"),
        ("/invoices/INV-1999-00001", 404, "number"),
    ],
)
def test_what_cannot_be_read_is_refused(api: Api, path: str, status: int, name: str) -> None:
    answer = get(api, path)
    assert (answer.status, answer.json["errors"][0]["field"]) == (status, name)
