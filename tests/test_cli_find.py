"""`leadgen find`, and what follows from it: the deliveries of a lead."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.serving import add_catalogue, make_lead

Market = psycopg.Connection
Run = Callable[..., Any]


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer and its buyer Ann."""
    add_catalogue(database)
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def submit(market: Market, **changes: object) -> dict[str, Any]:
    row = market.execute(
        "select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead(**changes))]
    ).fetchone()
    assert row
    answer: dict[str, Any] = row[0]
    return answer


def shown_by(done: Any) -> str:
    """What was printed, on one line."""
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 100
    return " ".join(done.stdout.split())


def test_why_a_persons_lead_was_not_sold(market: Market, run: Run) -> None:
    market.execute("update leadgen.buyer_service_areas set is_active = false")
    lead = submit(market, phone="+1 512 555 0123")["lead_id"]
    done = run("find", "(512) 555-0123")
    shown = shown_by(done)
    assert shown.startswith("lead when, UTC offer status found by what became of it")
    assert f"{lead} 20" in shown
    assert "austin-plumbing" in shown
    assert "Held until" in shown
    assert f"`leadgen explain {lead}` says why" in done.stderr


def test_a_lead_that_never_came_to_its_buyer(market: Market, run: Run) -> None:
    lead = submit(market)["lead_id"]
    row = market.execute(
        "select array_agg(id order by id) from leadgen.deliveries where lead_id = %s", [lead]
    ).fetchone()
    assert row
    shown = shown_by(run("find", str(lead)))
    assert "Sold to Ann for 45.00 USD" in shown
    assert all(f"pending (delivery {delivery})" in shown for delivery in row[0])
    (found,) = json.loads(run("find", str(lead), "--json").stdout)
    assert (found["lead_id"], found["matched"], found["status"]) == (lead, "id", "validated")


@pytest.mark.parametrize("text", ["John@Example.COM", "partner-77", "512.555.0123"])
def test_a_lead_is_found_by_what_is_known_of_it(text: str, market: Market, run: Run) -> None:
    lead = submit(market, email="john@example.com", idempotency_key="partner-77", phone="5125550123")
    found = json.loads(run("find", text, "--json").stdout)
    assert [row["lead_id"] for row in found] == [lead["lead_id"]]


def test_what_waits_in_quarantine_is_found(market: Market, run: Run) -> None:
    waiting = submit(market, source_key="no-such-page", email="lost@example.com")["quarantine_id"]
    done = run("find", "lost@example.com")
    assert "quarantined email In quarantine: no source claims it" in shown_by(done)
    assert done.stderr == f"`leadgen quarantine resubmit {waiting}` resubmits it\n"


@pytest.mark.usefixtures("market")
def test_nothing_found_is_said(run: Run) -> None:
    done = run("find", "nobody@example.com")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("no lead and no submission in quarantine has nobody@example.com")
    refused = run("find", "  ")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "text: found nothing, allowed a lead id" in refused.stderr


def test_the_deliveries_of_a_lead_are_listed(market: Market, run: Run) -> None:
    first, second = submit(market)["lead_id"], submit(market)["lead_id"]
    rows = json.loads(run("deliveries", "list", "--lead", str(second), "--json").stdout)
    assert sorted(row["channel"] for row in rows) == ["email", "webhook"]
    others = json.loads(run("deliveries", "list", "--lead", str(first), "--json").stdout)
    assert not {row["id"] for row in rows} & {row["id"] for row in others}
    assert run("deliveries", "list", "--lead", "99").stderr == "no deliveries\n"


def test_a_lead_that_came_before_is_judged_as_new(market: Market, run: Run) -> None:
    market.execute("update leadgen.validation_policies set rules = '{\"duplicate_window_hours\": 24}'")
    lead = make_lead()
    market.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(lead)])
    known = run("dry-run", "-", stdin=json.dumps(lead))
    assert '"repeated": true' in known.stdout
    assert "--as-new judges it anew" in known.stderr
    new = run("dry-run", "-", "--as-new", stdin=json.dumps(lead))
    assert "Dry run: Sold to Ann for 45.00 USD" in new.stdout
    row = market.execute("select count(*), min(phone) from leadgen.leads").fetchone()
    assert row == (1, lead["phone"]), "nothing is kept"


def test_an_unknown_kind_of_event_names_the_kinds(run: Run) -> None:
    done = run("events", "--kind", "cap_lwo")
    assert done.returncode == 2
    assert "cap_low" in done.stderr
    assert "lead_erased" in done.stderr


def test_a_what_if_is_headed_by_the_rules_name(market: Market, run: Run) -> None:
    submit(market)
    rule = '[{"name": "after_hours", "percent": 25, "hours": {"mon": [["00:00", "24:00"]]}}]'
    done = run("what-if", "austin-plumbing", "--set", f"pricing.time_of_day={rule}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("With time of day after_hours, ")
