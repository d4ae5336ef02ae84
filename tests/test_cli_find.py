"""`leadgen find`, and what follows from it: the deliveries of a lead."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.serving import make_lead
from leadgen.cli import console, find

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
    assert "held phone Held until" in shown
    assert f"`leadgen explain {lead}` says why" in done.stderr


def test_what_was_mended_of_a_lead_is_told(market: Market, run: Run) -> None:
    lead = submit(market, email="optout@example.com\u200e", postal_code=78701, utm_term="t" * 300)["lead_id"]
    shown = shown_by(run("explain", str(lead)))
    assert "mended: email: characters that nobody sees, or that look like others, were read as" in shown
    assert "mended: utm_term: cut to 200 of 300 characters" in shown
    clean = submit(market)["lead_id"]
    assert "mended" not in shown_by(run("explain", str(clean)))


def test_a_disguise_dodges_no_suppression(market: Market, run: Run) -> None:
    assert run("suppress", "email", "opt\u200bout@example.com").returncode == 0
    lead = submit(market, email="OPTOUT@example.com\u200e")
    assert lead["errors"][0]["code"] == "suppressed"
    shown = shown_by(run("find", "optout\u00ad@example.com"))
    assert f"{lead['lead_id']} 20" in shown


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
    assert (found["lead_id"], found["matched"], found["status"]) == (lead, "id", "sold")


def test_a_rejected_lead_shows_every_failure(market: Market, run: Run) -> None:
    market.execute(
        "update leadgen.validation_policies set rules = %s",
        [json.dumps({"consent_required": True, "required_fields": ["attributes.volume"]})],
    )
    lead = submit(market)["lead_id"]
    shown = shown_by(run("find", str(lead)))
    assert "rejected id Rejected: " in shown
    assert "attributes.volume" in shown
    assert "The person did not consent to be contacted" in shown


def test_a_partners_id_in_the_attributes_is_found(market: Market, run: Run) -> None:
    lead = submit(market, attributes={"click": {"id": "CLK-9"}, "order": 4711})["lead_id"]
    submit(market)
    for text, matched in (("CLK-9", "attributes.click"), ("4711", "attributes.order")):
        (found,) = json.loads(run("find", text, "--json").stdout)
        assert (found["lead_id"], found["matched"]) == (lead, matched)
    assert run("find", "CLK").returncode == 1


def test_without_a_url_the_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(find, "read_rows", lambda _: [{"name": "leadgen", "leads": 1, "quarantined": 0}])
    monkeypatch.setattr(console.err, "print", lambda line, **_: said.append(line))
    find.tell_nothing_is_found("x")
    assert "searched: 1 lead and 0 submissions in quarantine, in the database leadgen" in said[0]
    assert said[1].startswith("DATABASE_URL is not set, so this is the embedded database;")


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
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("nothing found: no lead has nobody@example.com as its id, phone, e-mail, ")
    assert "searched: 0 leads and 0 submissions in quarantine, in the database " in done.stderr
    assert "A post that the API refused is stored nowhere" in done.stderr
    assert "DATABASE_URL is not set" not in done.stderr
    as_json = run("find", "nobody@example.com", "--json")
    assert (as_json.returncode, as_json.stdout) == (1, "[]\n")
    refused = run("find", "  ")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "text: found nothing, allowed a lead id" in refused.stderr


def test_the_deliveries_of_a_lead_are_listed(market: Market, run: Run) -> None:
    first, second = submit(market)["lead_id"], submit(market)["lead_id"]
    rows = json.loads(run("deliveries", "list", "--lead", str(second), "--json").stdout)
    assert sorted(row["channel"] for row in rows) == ["email", "webhook"]
    others = json.loads(run("deliveries", "list", "--lead", str(first), "--json").stdout)
    assert not {row["id"] for row in rows} & {row["id"] for row in others}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("deliveries", "list", "--lead", "99"), "leadgen: no lead 99: `leadgen find` finds a lead "),
        (("deliveries", "list", "--lead", "99", "--json"), "leadgen: no lead 99: "),
        (("deliveries", "list", "--buyer", "99"), "leadgen: no buyer 99: `leadgen buyers` lists them"),
        (("returns", "list", "--buyer", "99"), "leadgen: no buyer 99: `leadgen buyers` lists them"),
    ],
)
@pytest.mark.usefixtures("market")
def test_a_list_of_nobody_says_so(arguments: tuple[str, ...], said: str, run: Run) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)


def test_an_unsold_lead_has_no_deliveries(market: Market, run: Run) -> None:
    market.execute("update leadgen.buyer_service_areas set is_active = false")
    lead = submit(market)["lead_id"]
    done = run("deliveries", "list", "--lead", str(lead))
    assert (done.returncode, done.stderr) == (0, "no deliveries\n")


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


@pytest.mark.usefixtures("market")
def test_a_dry_run_of_an_unknown_source_keeps_nothing(run: Run) -> None:
    done = run("dry-run", "-", stdin=json.dumps(make_lead(source_key="no-such-page")))
    assert done.returncode == 0, done.stderr
    assert "The lead would be kept, but not accepted: no source claims it" in done.stdout
    assert "is kept" not in done.stdout


@pytest.mark.parametrize(
    "changes", [{"country_code": "U$"}, {"phone_number": "1"}], ids=["value", "list of fields"]
)
@pytest.mark.usefixtures("market")
def test_a_dry_run_names_fields_as_a_lead_has_them(changes: dict[str, str], run: Run) -> None:
    done = run("dry-run", "-", stdin=json.dumps(make_lead(**changes)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "country_code" in done.stderr
    assert "--" not in done.stderr


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
