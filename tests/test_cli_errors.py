"""What the commands say when something is refused, and how they count."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import add_sale, make_lead
from leadgen.cli.errors import describe_error, say_as_typed
from leadgen.words import count_of

Market = psycopg.Connection
Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer and its buyer Ann."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def submit(market: Market, lead: dict[str, object]) -> int:
    row = market.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(lead)]).fetchone()
    assert row
    return int(row[0]["lead_id"])


def account_of(done: Any) -> str:
    """What was printed, on one line."""
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


def test_numbers_agree_with_their_nouns() -> None:
    assert [count_of(number, "lead") for number in (0, 1, 2, 1234)] == [
        "0 leads",
        "1 lead",
        "2 leads",
        "1,234 leads",
    ]


def test_a_file_that_the_database_refuses_shows_no_trace(market: Market, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "policy.sql"
    file.write_text('select 1;\nupdate leadgen.routing_policies set config = \'{"strategi": "weighted"}\';\n')
    done = run("load", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leadgen: policy.sql:1: config.strategi: found")
    assert "Did you mean strategy?" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "CONTEXT" not in done.stderr


@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("To send it once more: p_again => true.", "To send it once more: --again."),
        ("Enable it: leadgen.enable_endpoint.", "Enable it: `leadgen endpoints enable`."),
        ("filter.per_minute: found 0", "--per-minute: found 0"),
        ("p_overlap: found 40 days", "--overlap: found 40 days"),
        ("cannot be; overlap: found 100 days", "cannot be; --overlap: found 100 days"),
        ("There is no such buyer; buyer_id: found 9999", "There is no such buyer; --buyer: found 9999"),
        ("Not a country; country_code: found XY", "Not a country; --country: found XY"),
        ("allowed phone, country_code, city", "allowed phone, country_code, city"),
        ("Too long; note: found 501 characters", "Too long; --note: found 501 characters"),
        ("a filter.to_day and my.request_key", "a filter.to_day and my.request_key"),
    ],
)
def test_parameters_are_named_as_options_are_typed(said: str, typed: str) -> None:
    assert say_as_typed(said) == typed


def deliver_webhook(market: Market, sale: int) -> int:
    """Mark the webhook of a sale as delivered; returns the delivery's id."""
    with market.transaction():
        market.execute("set local session_replication_role = replica")
        row = market.execute(
            "update leadgen.deliveries set status = 'delivered', next_attempt_at = null, finished_at = now()"
            " where assignment_id = %s and channel = 'webhook' returning id",
            [sale],
        ).fetchone()
    assert row
    return int(row[0])


def test_a_hint_names_the_option(market: Market, run: Run) -> None:
    sale = add_sale(market)
    delivery = deliver_webhook(market, sale)
    done = run("deliveries", "retry", str(delivery))
    assert done.returncode == 1
    assert "--again" in done.stderr
    assert "p_again" not in done.stderr


@pytest.mark.parametrize("options", [(), ("--again",)], ids=["once", "again"])
def test_no_hint_to_send_again_what_cannot_be(options: tuple[str, ...], market: Market, run: Run) -> None:
    sale = add_sale(market)
    delivery = deliver_webhook(market, sale)
    market.execute("select leadgen.return_sale(%s, 'wrong_number')", [sale])
    done = run("deliveries", "retry", str(delivery), *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be sent again: its sale was returned" in done.stderr
    assert "once more" not in done.stderr


@pytest.mark.usefixtures("market")
def test_what_was_delivered_is_resent_to_one_buyer_and_for_a_period(run: Run) -> None:
    done = run("deliveries", "resend", "--status", "delivered", "--buyer", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "give --buyer, --from and --to too" in done.stderr
    unknown = run("deliveries", "resend", "--status", "deed")
    assert "--status: found" in unknown.stderr


def test_a_duplicate_names_the_earlier_lead(market: Market, run: Run) -> None:
    market.execute("update leadgen.validation_policies set rules = '{\"duplicate_window_hours\": 24}'")
    lead = make_lead()
    first = submit(market, lead)
    second = submit(market, {**lead, "message": "once more"})
    shown = account_of(run("explain", str(second)))
    assert f"earlier with another lead, lead {first}" in shown
    assert re.search(r"came in [1-9]\d? seconds? earlier", shown)


def test_explain_names_the_deliveries(market: Market, run: Run) -> None:
    sale = add_sale(market)
    rows = market.execute(
        "select id, lead_id from leadgen.deliveries where assignment_id = %s order by id", [sale]
    ).fetchall()
    shown = account_of(run("explain", str(rows[0][1])))
    assert [f"pending, delivery {row[0]}" in shown for row in rows] == [True] * len(rows)


def test_one_lead_is_no_plural(market: Market, run: Run) -> None:
    submit(market, make_lead())
    shown = account_of(run("what-if", "austin-plumbing"))
    assert ", 1 lead " in shown


def test_a_database_without_our_schema_is_named_where_it_may_be_the_wrong_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = psycopg.errors.UndefinedTable("no table")
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@somewhere/leadgen")
    assert "DATABASE_URL" not in describe_error(error)
    monkeypatch.delenv("DATABASE_URL")
    said = describe_error(error)
    assert said.startswith("the database is not up to date: run `leadgen migrate`")
    assert "DATABASE_URL is not set, so this is the embedded database; set it" in said
