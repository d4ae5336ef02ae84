"""The commands about a market's decisions: unsold, dry-run, what-if, history, rollback, events, verify."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from api.serving import make_lead
from leadgen.cli import verify
from leadgen.cli.offers import DAYS, read_period
from leadgen.errors import LeadGenError

CHICAGO = ZoneInfo("America/Chicago")
OFFER = "austin-plumbing"
STRATEGY = "update leadgen.routing_policies set config = jsonb_build_object('strategy', %s::text)"

Json = dict[str, Any]
Market = psycopg.Connection


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer, whose only buyer takes every lead from 787xx for 45.00."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


Run = Callable[..., Any]


def submit(market: Market, **changes: object) -> Json:
    """Submit a lead and return the answer."""
    row = market.execute(
        "select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead(**changes))]
    ).fetchone()
    assert row
    answer: Json = row[0]
    return answer


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_period_is_read_in_the_markets_zone() -> None:
    start, end = read_period("2026-10-31", "2026-11-02T08:00Z", CHICAGO)
    assert start == datetime(2026, 10, 31, 5, tzinfo=UTC)
    assert end == datetime(2026, 11, 2, 8, tzinfo=UTC)
    start, end = read_period(None, "2026-11-02", CHICAGO)
    assert end == datetime(2026, 11, 2, 6, tzinfo=UTC), "after the clocks went back"
    assert end - start == timedelta(days=DAYS)
    assert abs(read_period(None, None, CHICAGO)[1] - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("start", "end", "complaint"),
    [
        ("yesterday", None, "--from: found yesterday, allowed 2026-11-20,"),
        (None, "2026-13-01", "--to: found 2026-13-01, allowed"),
        ("2026-11-02", "2026-11-02", "is not before"),
        ("2099-01-01", None, "is not before"),
    ],
)
def test_a_period_that_is_none_is_refused(start: str | None, end: str | None, complaint: str) -> None:
    with pytest.raises(LeadGenError, match=complaint):
        read_period(start, end, CHICAGO)


@pytest.mark.parametrize("command", ["what-if", "unsold"])
@pytest.mark.usefixtures("market")
def test_an_offer_that_is_misspelt_is_one_line_with_the_one_meant(command: str, run: Run) -> None:
    done = run(command, "austin-plumbin")
    wanted = "leadgen: no offer austin-plumbin: did you mean austin-plumbing?\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", wanted)


def test_history_shows_each_version_and_rollback_makes_another(market: Market, run: Run) -> None:
    market.execute(STRATEGY, ["weighted"])
    lines = lines_of(run("history", "routing", "1").stdout)
    assert lines[0] == "version changed, UTC by what"
    assert lines[1].startswith("2 20")
    assert "postgres" in lines[1]
    assert "weighted" in lines[1]
    assert lines[-1].endswith("created")

    back = run("rollback", "routing", "1", "1")
    assert (back.returncode, back.stdout) == (0, "3\n")
    row = market.execute("select version, config ->> 'strategy' from leadgen.routing_policies").fetchone()
    assert row == (3, "priority")


def test_an_enrollment_s_terms_have_a_history_and_go_back(market: Market, run: Run) -> None:
    market.execute(
        "update leadgen.buyer_offers set price_per_lead = 60, capacity_per_day = 5,"
        ' schedule = \'{"mon": [["08:00", "18:00"]]}\' where id = 1'
    )
    market.execute("update leadgen.buyer_offers set capacity_per_day = 8, schedule = null where id = 1")
    lines = lines_of(run("history", "enrollment", "1").stdout)
    assert lines[1].startswith("3 20")
    assert lines[1].endswith("capacity_per_day: 5 -> 8")
    assert lines[2] == 'schedule.mon: - ["08:00", "18:00"]'
    assert lines[3].endswith("capacity_per_day: set to 5")
    assert lines[4:] == [
        "price_per_lead: set to 60.00",
        'schedule.mon: + ["08:00", "18:00"]',
        lines[6],
    ]
    assert lines[6].endswith("created")
    back = run("rollback", "enrollment", "1", "--to", "2")
    assert (back.returncode, back.stdout) == (0, "4\n")
    assert back.stderr == "enrollment 1 has the terms of version 2 again\n"
    row = market.execute(
        "select capacity_per_day, price_per_lead, schedule from leadgen.buyer_offers where id = 1"
    ).fetchone()
    assert row == (5, 60, {"mon": [["08:00", "18:00"]]})


def test_an_offer_s_price_has_a_history_and_goes_back(market: Market, run: Run) -> None:
    market.execute("update leadgen.offers set default_price_per_lead = 50")
    lines = lines_of(run("history", "offer", "austin-plumbing").stdout)
    assert lines[1].endswith("default_price_per_lead: 45.00 -> 50.00")
    assert run("rollback", "offer", "austin-plumbing", "--to", "1").stdout == "3\n"
    assert market.execute("select default_price_per_lead from leadgen.offers").fetchone() == (45,)


@pytest.mark.parametrize("version", [[], ["1", "--to", "1"]])
@pytest.mark.usefixtures("market")
def test_a_rollback_is_to_one_version(version: list[str], run: Run) -> None:
    done = run("rollback", "routing", "1", *version)
    assert done.returncode == 2
    assert "give the version to go back to" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["history", "routing", "99"],
        ["history", "enrollment", "99"],
        ["history", "offer", "99"],
        ["history", "enrollment", "ann"],
        ["history", "pricing", "9" * 20],
        ["rollback", "routing", "99", "1"],
        ["rollback", "routing", "1", "9"],
        ["rollback", "enrollment", "1", "--to", "9"],
        ["rollback", "enrollment", "1", "--to", "1"],
        ["rollback", "offer", "1", "--to", "9"],
        ["rollback", "offer", "1", "--to", "1"],
    ],
)
@pytest.mark.usefixtures("market")
def test_a_policy_or_version_that_is_not_there_is_one_line(arguments: list[str], run: Run) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leadgen: ")
    assert done.stderr.count("\n") == 1


def test_a_kind_of_policy_that_is_none_names_the_kinds(run: Run) -> None:
    done = run("history", "pricng", "1")
    assert done.returncode == 2
    assert "found pricng, allowed one of validation, routing, pricing" in " ".join(
        done.stderr.replace("│", " ").split()
    )


def test_a_dry_run_shows_answer_and_account_and_keeps_nothing(
    market: Market, run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "lead.json"
    file.write_text(json.dumps(make_lead()))
    done = run("dry-run", str(file))
    assert done.returncode == 0, done.stderr
    answer, first, *rest = done.stdout.splitlines()
    assert json.loads(answer)["price"] == 45.00
    assert first == "Dry run: Sold to Ann for 45.00 USD"
    assert "1 Ann won ranked 1 of 1 45.00" in lines_of("\n".join(rest))
    assert market.execute("select count(*) from leadgen.leads").fetchone() == (0,)

    piped = run("dry-run", "-", "--json", stdin=file.read_text())
    assert json.loads(piped.stdout)["decision"]["attempts"][0]["candidates"][0]["buyer_name"] == "Ann"


def test_explain_says_that_held_leads_went_first(market: Market, run: Run) -> None:
    market.execute("update leadgen.buyer_offers set pause_until = 'infinity'")
    held = [submit(market, phone=f"+1512555020{n}", email=f"p{n}@example.com")["lead_id"] for n in range(2)]
    market.execute("update leadgen.buyer_offers set pause_until = null, capacity_per_day = 2")
    new = submit(market, phone="+15125550209", email="p9@example.com")["lead_id"]

    done = run("explain", str(new))
    assert f"after held leads {held[0]}, {held[1]}, due and routed first" in " ".join(done.stdout.split())
    assert "cap_day: 2 of 2" in " ".join(done.stdout.split())
    assert "Sold to Ann for 45.00 USD" in run("explain", str(held[0])).stdout
    assert run("verify").returncode == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "- is not JSON: "),
        ("[]", "- is not a JSON object"),
        (json.dumps(make_lead(telephone="1")), "telephone"),
    ],
)
@pytest.mark.usefixtures("market")
def test_what_is_no_lead_is_one_line(text: str, complaint: str, run: Run) -> None:
    done = run("dry-run", "-", stdin=text)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leadgen: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(run: Run) -> None:
    assert run("dry-run", "no-such.json").stderr == "leadgen: no-such.json: No such file or directory\n"


def test_events_tell_of_a_cap_before_it_is_reached(market: Market, run: Run) -> None:
    assert run("events").stderr == "no events\n"
    market.execute("update leadgen.buyer_offers set capacity_per_day = 5")
    for _ in range(4):
        submit(market)
    lines = lines_of(run("events").stdout)
    assert lines[0] == "when, UTC kind offer buyer what"
    event = " ".join(lines[1:])
    assert "cap_low austin-plumbing Ann" in event
    assert "4 of 5" in event
    assert "00:00 America/Chicago" in event
    assert run("events", "--kind", "balance_low").stderr == "no events\n"


def test_explain_gives_the_numbers_and_when_they_reset(market: Market, run: Run) -> None:
    market.execute("update leadgen.buyer_offers set capacity_per_day = 1")
    submit(market)
    lead_id = submit(market)["lead_id"]
    shown = run("explain", str(lead_id)).stdout
    assert "Ann lost cap_day: 1 of 1, resets 00:00 America/Chicago" in lines_of(shown)


def test_unsold_names_the_cause_and_the_money(market: Market, run: Run) -> None:
    assert run("unsold", OFFER).stderr.startswith("austin-plumbing: no lead went unsold, ")
    market.execute("update leadgen.buyer_offers set capacity_per_day = 1")
    for _ in range(3):
        submit(market)
    lines = lines_of(run("unsold", "1").stdout)
    assert lines[2].startswith("cap_day 0 0 0.00 2 90.00 Ann"), "they are held, and may be sold"
    assert lines[-1] == "all 0 0 0.00 2 90.00"
    market.execute(
        "update leadgen.leads set hold_until = now() - interval '1 second' where hold_until is not null"
    )
    done = run("unsold", "1")
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert lines[0].startswith("austin-plumbing, unsold, 20")
    assert lines[1] == "cause leads places money lost, USD held money held, USD nearest buyer detail"
    assert lines[2].startswith("cap_day 2 2 90.00 0 0.00 Ann")
    assert lines[-1] == "all 2 2 90.00 0 0.00"


def test_verify_replays_every_lead(market: Market, run: Run) -> None:
    for _ in range(3):
        submit(market)
    submit(market, postal_code="10001")
    done = run("verify")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "4 leads replayed",
        "each comes out as it was recorded, and every invariant holds",
    ]


def test_verify_names_the_lead_that_does_not_replay(market: Market, run: Run) -> None:
    ids = [submit(market)["lead_id"] for _ in range(3)]
    with market.transaction():
        market.execute("set local session_replication_role = replica")
        market.execute(
            "update leadgen.lead_decisions set reasons = array['paused'] where lead_id = %s", [ids[1]]
        )
    done = run("verify")
    assert done.returncode == 1
    assert any(line.startswith(f"{ids[1]} ") for line in lines_of(done.stdout))
    assert "decision_replays" in done.stdout

    outside = run("verify", "--from-lead", str(ids[2]))
    assert "1 lead replayed" in outside.stderr
    assert "leads that do not replay" not in outside.stdout
    inside = run("verify", "--from-lead", str(ids[0]), "--to-lead", str(ids[1]))
    assert "2 leads replayed" in inside.stderr
    assert "leads that do not replay" in inside.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from-lead", "300"), "there is no lead from 300 on: the leads have ids from 1 to 2"),
        (("--from-lead", "3", "--to-lead", "9"), "there is no lead from 3 to 9: the leads have ids from 1 to 2"),
        (("--from-lead", "2", "--to-lead", "1"), "--from-lead: found 2, allowed at most the lead of --to-lead, 1"),
    ],
)  # fmt: skip
def test_verify_refuses_a_range_without_leads(
    options: tuple[str, ...], said: str, market: Market, run: Run
) -> None:
    assert [submit(market)["lead_id"] for _ in range(2)] == [1, 2]
    done = run("verify", *options)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"leadgen: {said}\n")


@pytest.mark.usefixtures("market")
def test_verify_of_no_leads_is_an_error_only_when_some_were_asked_for(run: Run) -> None:
    assert run("verify").returncode == 0
    done = run("verify", "--to-lead", "7")
    assert (done.returncode, done.stderr) == (
        1,
        "leadgen: there is no lead from 1 to 7: there are no leads\n",
    )


def test_verify_goes_in_batches_and_shows_progress(
    market: Market, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "BATCH", 2)
    monkeypatch.setattr(verify, "SAY_SECONDS", 0)
    for _ in range(5):
        submit(market)
    calls: list[list[Any]] = []
    execute = market.execute

    def count(query: Any, parameters: Any = None) -> Any:
        calls.append(parameters)
        return execute(query, parameters)

    monkeypatch.setattr(market, "execute", count)
    assert list(verify.replay_leads(market, 1, verify.MAX_BIGINT)) == []
    assert len(calls) == 6, "the count, three batches, one that finds no more, and what is sealed"
    assert capsys.readouterr().err.splitlines() == [
        "leads replayed: 2 of 5",
        "leads replayed: 4 of 5",
        "leads replayed: 5 of 5",
        "5 leads replayed",
    ]


def test_what_if_without_changes_is_what_happened(market: Market, run: Run, tmp_path: Path) -> None:
    for _ in range(3):
        submit(market)
    page = tmp_path / "page.html"
    done = run("what-if", OFFER, "--html", str(page))
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert lines[0] == "Without any change the outcome is what happened, lead by lead"
    assert "revenue, USD 135.00 135.00 0.00" in lines
    assert done.stderr == f"the page is in {page}\n"
    assert "Without any change the outcome is what happened" in page.read_text()


def test_what_if_shows_what_a_change_does(market: Market, run: Run) -> None:
    for _ in range(3):
        submit(market)
    changes = ["--set", "routing.caps.per_day=1"]
    done = run("what-if", OFFER, *changes)
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert lines[0].startswith(
        "With caps per day 1, revenue -66.7 % (135.00 -> 45.00 USD), 2 leads more held"
    )
    assert "leads sold 3 1 -2" in lines
    outcome = json.loads(run("what-if", "1", *changes, "--json").stdout)
    assert outcome["changes"] == {"routing": {"caps": {"per_day": 1}}}
    assert outcome["simulated"]["unsold_by_cause"] == {"offer_cap_day": 2}


@pytest.mark.usefixtures("market")
def test_what_if_refuses_a_change_that_no_policy_could_have(run: Run) -> None:
    done = run("what-if", OFFER, "--set", "routing.strategy=wieghted")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leadgen: ")
    assert done.stderr.startswith('leadgen: changes.routing.strategy: found "wieghted"; allowed: one of ')
    assert done.stderr.endswith("Did you mean weighted?\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("market")
def test_a_page_that_cannot_be_written_is_one_line(run: Run, tmp_path: Path) -> None:
    done = run("what-if", OFFER, "--html", str(tmp_path / "no" / "page.html"))
    assert done.returncode == 1
    assert done.stderr == f"leadgen: {tmp_path / 'no' / 'page.html'}: No such file or directory\n"
