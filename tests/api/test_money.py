"""The routes of a buyer's money: its own, and nobody else's."""

import uuid

import psycopg
import pytest

from api.serving import BUYER_KEY, OTHER_BUYER_KEY, REVOKED_BUYER_KEY, SOURCE_KEY, Api, add_sale

OWNER = """
select k.buyer_id from leadgen.api_keys k
join leadgen.lead_assignments a on a.buyer_id = k.buyer_id where a.id = %s limit 1
"""


@pytest.fixture
def sale(shared_database: psycopg.Connection) -> int:
    """A sale to Ann, who holds BUYER_KEY."""
    return add_sale(shared_database)


@pytest.fixture
def buyer(shared_database: psycopg.Connection, sale: int) -> int:
    """Ann."""
    row = shared_database.execute(OWNER, [sale]).fetchone()
    assert row
    return int(row[0])


def test_a_buyer_sees_its_balance(api: Api, shared_database: psycopg.Connection, buyer: int) -> None:
    before = api.get("/api/balance", X_API_Key=BUYER_KEY).json
    shared_database.execute("select leadgen.top_up(%s, 12.5, %s)", [buyer, str(uuid.uuid4())])
    answer = api.get("/api/balance", X_API_Key=BUYER_KEY)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json["buyer_id"] == buyer
    assert (answer.json["billing_mode"], answer.json["currency"]) == ("invoiced", "USD")
    assert float(answer.json["receivable"]) == float(before["receivable"]) - 12.5, (
        "a payment pays what is owed"
    )
    limit, left, owes = (float(answer.json[name]) for name in ("credit_limit", "credit_left", "receivable"))
    assert left == limit - owes
    shared_database.execute("update leadgen.buyers set billing_mode = 'prepaid' where id = %s", [buyer])
    assert api.get("/api/balance", X_API_Key=BUYER_KEY).json["credit_left"] is None, (
        "only the invoiced have credit"
    )
    shared_database.execute("update leadgen.buyers set billing_mode = 'invoiced' where id = %s", [buyer])


def test_the_ledger_is_read_by_pages_the_latest_first(
    api: Api, shared_database: psycopg.Connection, buyer: int
) -> None:
    for amount in (1, 2, 3):
        shared_database.execute("select leadgen.top_up(%s, %s, %s)", [buyer, amount, str(uuid.uuid4())])
    first = api.get("/api/ledger?limit=2", X_API_Key=BUYER_KEY)
    assert [entry["amount"] for entry in first.json["entries"]] == ["-3.00", "-2.00"]
    assert [entry["type"] for entry in first.json["entries"]] == ["deposit", "deposit"]
    rest, before = [], first.json["next_before"]
    while before is not None:  # other tests of this database sell to Ann, too
        page = api.get(f"/api/ledger?limit=500&before={before}", X_API_Key=BUYER_KEY).json
        rest += page["entries"]
        before = page["next_before"]
    assert rest[0]["amount"] == "-1.00"
    ids = [entry["transaction_id"] for entry in rest]
    assert ids == sorted(ids, reverse=True)
    sales = [entry for entry in rest if entry["type"] == "lead_purchase"]
    assert {entry["account"] for entry in sales} == {"receivable"}
    assert all(entry["assignment_id"] for entry in sales)


def test_another_buyer_sees_nothing_of_it(api: Api, shared_database: psycopg.Connection, buyer: int) -> None:
    shared_database.execute("select leadgen.top_up(%s, 7, %s)", [buyer, str(uuid.uuid4())])
    other = api.get("/api/balance", X_API_Key=OTHER_BUYER_KEY).json
    assert other["buyer_id"] != buyer
    entries = api.get("/api/ledger?limit=500", X_API_Key=OTHER_BUYER_KEY).json["entries"]
    assert "-7.00" not in {entry["amount"] for entry in entries if entry["type"] == "deposit"}


@pytest.mark.parametrize("path", ["/api/balance", "/api/ledger"])
@pytest.mark.parametrize("key", [None, "nonsense", REVOKED_BUYER_KEY, SOURCE_KEY])
def test_it_is_for_the_holder_of_a_buyers_key(api: Api, path: str, key: str | None) -> None:
    answer = api.get(path, **({"X_API_Key": key} if key else {}))
    assert (answer.status, answer.json["detail"]) == (401, "No valid API key")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=5&limit=6", "limit"),
        ("before=-1", "before"),
        ("before=9223372036854775808", "before"),
        ("before=" + "9" * 500, "before"),
        ("before=%D9%A1", "before"),
    ],
)
def test_what_is_no_number_is_refused(api: Api, query: str, name: str) -> None:
    answer = api.get(f"/api/ledger?{query}", X_API_Key=BUYER_KEY)
    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == name
    assert answer.json["errors"][0]["allowed"].startswith("a number from 1 to ")
