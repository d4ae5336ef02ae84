"""The commands for what a DBA may do to leads, sales and people: each says what it did; one asks first."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from api.serving import add_sale, make_lead
from leadgen.cli import make_command

Market = psycopg.Connection
Run = Callable[..., Any]

# A function that a DBA may call, and the commands that call it; None: posting a lead is the API's, and a secret stands
# on no command line, where `ps` and the shell's history show it.
CALLED = {
    "accept_sale": "accept",
    "add_consent_text": "consent add",
    "add_data_key": "import",
    "add_hook": "hooks add",
    "add_payment": "money payments add",
    "allocate_money": "money payments allocate",
    "approve_user": "user approve",
    "buyer_reference": "money payments reference",
    "cancel_invoice": "money invoice cancel",
    "cancel_resend": "deliveries stop-resend",
    "change_user_status": "user disable",
    "claim_payment_calls": "money payments refund",
    "close_month": "money close",
    "count_holdings": "erase",
    "count_old": "retention run",
    "create_key": "key create",
    "credit_buyer": "money credit",
    "credit_invoice": "money credit-note",
    "debit_buyer": "money debit",
    "decide_return": "returns approve",
    "disable_endpoint": "endpoints disable",
    "diagnose_books": "doctor",
    "diagnose_market": "doctor",
    "diagnose_server": "doctor",
    "dispute_invoice": "money invoice dispute",
    "drop_suppression_list": "suppress drop",
    "dry_run_lead": "dry-run",
    "enable_endpoint": "endpoints enable",
    "end_replacement": "money replacements end",
    "enrollment_history": "history",
    "ensure_suppression_list": "suppress import",
    "erase_holding": "erase",
    "erase_lead": "erase",
    "erase_submission": "erase",
    "explain_candidates": "explain",
    "explain_lead": "explain",
    "compose_export": "export",
    "explain_miss": "explain",
    "explain_unsold": "unsold",
    "export_holding": "person export",
    "find_audit_head": "verify",
    "find_last_bookings": "verify",
    "find_leads": "find",
    "find_person": "erase",
    "find_posting_key": "import",
    "finish_suppression_import": "suppress import",
    "find_report_zone": "export",
    "forget_old": "retention run",
    "ignore_bank_line": "money payments ignore",
    "import_bank_lines": "money payments import",
    "import_suppressions": "suppress import",
    "invite_user": "user invite",
    "invoice_buyer": "money invoice run",
    "list_broken_invariants": "verify",
    "list_configuration_faults": "check",
    "list_data_keys": "sealing rotate",
    "list_due_buyers": "money invoice run",
    "list_hooks": "hooks list",
    "list_holdings": "person list",
    "list_invoices": "money invoice list",
    "list_return_reasons": "returns reasons",
    "list_chained_audit": "audit",
    "list_source_statement": "money source-statement",
    "list_suppression_lists": "suppress lists",
    "list_zones": "doctor",
    "make_statement": "money statement",
    "match_bank_line": "money payments match",
    "keep_report_zone": None,  # SQL, as reports are
    "measure_outbox": None,  # the worker's metrics
    "measure_market": None,  # likewise
    "measure_sealing": "sealing status",
    "offer_history": "history",
    "open_leads": "unmask",
    "open_quarantined": "quarantine show",
    "open_fetch": "person export",
    "park_delivery": "deliveries park",
    "pause_enrollment": "pause",
    "pause_hook": "hooks pause",
    "pay_source": "money payout",
    "policy_history": "history",
    "record_backup": "backup record",
    "record_mail_domain": "import",
    "record_payment_answer": "money payments refund",
    "refund_lead": "money refund-lead",
    "refund_payment": "money payments refund",
    "refund_sale": "money refund",
    "rebuild_reports": None,  # SQL, as reports are
    "remove_hook": "hooks remove",
    "remove_network_secrets": None,
    "remove_user_totp": "user reset",
    "replay_lead": "replay",
    "resolve_dispute": "money invoice resolve",
    "resubmit_quarantined": "quarantine resubmit",
    "resume_enrollment": "resume",
    "resume_hook": "hooks resume",
    "retire_data_keys": "sealing rotate",
    "retry_delivery": "deliveries retry",
    "return_sale": "return",
    "revoke_user_sessions": "user revoke",
    "rewrap_data_key": "sealing rotate",
    "revoke_key": "key revoke",
    "remove_user_passkeys": "user reset",
    "remove_user_bindings": "user reset",
    "roll_back_enrollment": "rollback",
    "roll_back_offer": "rollback",
    "roll_back_policy": "rollback",
    "rotate_hook_secret": "hooks rotate",
    "rotate_webhook_secret": "endpoints rotate-secret",
    "rotate_key": "key rotate",
    "route_again": "route",
    "sell_lead": "sell",
    "send_invoice": "money invoice send",
    "send_reset": "user reset",
    "send_test": "endpoints test",
    "set_network_secrets": None,
    "set_recharge": "money payments recharge",
    "set_webhook_header": None,
    "set_webhook_secret": None,
    "show_invoice": "money invoice show",
    "send_report": "report send",
    "start_checkout": "money payments checkout",
    "start_suppression_import": "suppress import",
    "start_person_export": "person export",
    "start_resend": "deliveries resend",
    "submit_lead": None,  # the API's
    "submit_leads": "import",
    "suppress": "suppress phone",
    "test_hook": "hooks test",
    "top_up": None,  # the same as add_payment
    "total_month": "money close",
    "try_field_map": "field-map try",
    "unsuppress": "unsuppress",
    "verify_audit": "verify",
    "verify_audit_chain": "verify",
    "verify_audit_entries": "verify",
    "verify_balances": "verify",
    "verify_bookings": "verify",
    "verify_leads": "verify",
    "verify_transactions": "verify",
    "what_if": "what-if",
    "withdraw": "money withdraw",
    "write_off_receivable": "money payments write-off",
}
MAY_CALL = """
select p.proname::text from pg_proc p
where p.pronamespace = 'leadgen'::regnamespace and has_function_privilege('leadgen_dba', p.oid, 'execute')
"""


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
    answer: dict[str, Any] = ask(
        market, "select leadgen.submit_lead(%s, '{}')", json.dumps(make_lead(**changes))
    )
    return answer


def ask(market: Market, query: str, *parameters: object) -> Any:
    row = market.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


def said_by(done: Any) -> str:
    """The one line that a command said."""
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("\n") == 1
    return str(done.stderr.strip())


def refused_by(done: Any) -> str:
    """The one line of a refusal."""
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leadgen: ")
    assert done.stderr.count("\n") == 1
    return str(done.stderr)


def commands(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command below this one, with its path."""
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            yield from commands(one, f"{path}{name} ")
        else:
            yield f"{path}{name}", one


def test_everything_a_dba_may_call_has_a_command(connect: Callable[..., psycopg.Connection]) -> None:
    assert {name for (name,) in connect().execute(MAY_CALL)} == set(CALLED)
    names = {name for name, _ in commands(make_command())}
    assert {command for command in CALLED.values() if command} <= names


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["offers"],
        ["buyers"],
        ["buyers", "--offer", "1"],
        ["key", "list"],
        ["find", "1"],
        ["explain", "1"],
        ["replay", "1"],
        ["deliveries", "list", "--lead", "1"],
        ["quarantine", "list"],
        ["field-map", "list"],
        ["returns", "reasons"],
        ["suppress", "email", "ann@example.com"],
        ["accept", "1"],
        ["erase", "1", "--reason", "asked for", "--yes"],
        ["erase", "--phone", "+15125550123", "--reason", "asked for", "--yes"],
        ["buyers", "pause", "1"],
        ["buyers", "resume", "1"],
    ],
    ids=" ".join,
)
def test_a_dba_needs_no_more_rights(
    arguments: list[str],
    market: Market,
    run: Run,
    role_url: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_sale(market, phone="+15125550123")
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    done = run(*arguments)
    assert done.returncode == 0, done.stderr


def test_a_lead_that_is_not_there_names_the_way_to_find_it(market: Market, run: Run) -> None:
    assert "no lead 99: `leadgen find`" in refused_by(run("explain", "99"))


# People


def test_a_contact_is_suppressed_and_let_through_again(market: Market, run: Run) -> None:
    done = run("suppress", "phone", "+1 (512) 555-0123", "--reason", "asked us")
    assert said_by(done) == "+1 (512) 555-0123 is suppressed for ever: leads that carry it are rejected"
    assert submit(market, phone="5125550123")["status"] == "rejected"
    assert said_by(run("unsuppress", "phone", "+15125550123")) == "+15125550123 is no longer suppressed"
    assert submit(market, phone="5125550123")["status"] == "accepted"
    assert said_by(run("unsuppress", "phone", "+15125550123")) == "+15125550123 was not suppressed"
    done = run("suppress", "phone", "(512) 555-0123", "--country", "US")
    assert said_by(done).startswith("(512) 555-0123 is suppressed for ever")
    assert submit(market, phone="5125550123", message="again")["status"] == "rejected"
    assert run("unsuppress", "phone", "512-555-0123", "--country", "US").stderr.endswith(
        "no longer suppressed\n"
    )


def test_a_suppression_ends(market: Market, run: Run) -> None:
    done = run("suppress", "email_domain", "example.org", "--until", "2999-12-24")
    assert said_by(done).startswith("example.org is suppressed until 2999-12-24 00:00 UTC")
    assert ask(market, "select expires_at::date::text from leadgen.suppressions") == "2999-12-24"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["phone", "5125550123"], "value: found another value, allowed a valid number with +"),
        (["phone", "5125550123"], "such as +15125550123, or --country with it"),
        (
            ["phone", "5125550123", "--country", "GB"],
            "allowed a valid number as it is dialled in GB, or with +",
        ),
        (
            ["phone", "5125550123", "--country", "USA"],
            "There is no such country; --country: found USA, allowed an ISO 3166-1 code",
        ),
        (["email", "ann"], "value: found another value, allowed an address such as name@example.com"),
        (["email", "ann@example.com", "--until", "2020-01-01"], "--until: found a time that has passed"),
        (["email", "ann@example.com", "--until", "soon"], "--until: found soon, allowed 2026-11-20"),
    ],
)
@pytest.mark.usefixtures("market")
def test_a_contact_that_none_can_be_is_refused(arguments: list[str], words: str, run: Run) -> None:
    assert words in refused_by(run("suppress", *arguments))


def test_a_person_is_erased_once(market: Market, run: Run) -> None:
    lead = submit(market)["lead_id"]
    done = run("erase", str(lead), "--reason", "asked for", "--yes")
    assert done.stderr == f"lead {lead} is erased\n"
    assert f"lead {lead} " in done.stdout
    assert ask(market, "select name from leadgen.leads where id = %s", lead) == ""
    assert "was erased before" in run("erase", str(lead), "--reason", "asked for", "--yes").stderr
    assert "No such lead; lead_id: found 99, allowed the id of a lead" in refused_by(
        run("erase", "99", "--reason", "asked for", "--yes")
    )
    assert "  erased " in run("explain", str(lead)).stdout
    assert run("explain", str(lead)).stdout.count(": asked for") == 1
    assert run("erase", str(lead)).returncode == 2, "a reason is required"


@pytest.mark.parametrize(
    "who",
    [
        ["--phone", "(512) 555-0123", "--country", "us"],
        ["--phone", "+1 512 555 0123"],
        ["--email", "Ann@Example.COM"],
    ],
)
def test_a_person_is_erased_by_contact_in_leads_and_in_quarantine(
    who: list[str], market: Market, run: Run
) -> None:
    contact = {"phone": "+15125550123", "email": "ann@example.com"}
    leads = [submit(market, **contact, postal_code=code)["lead_id"] for code in ("78701", "78702")]
    other = submit(market, phone="+15125550199", email="bob@example.com")["lead_id"]
    waiting = submit(market, **contact, source_key="nobody")["quarantine_id"]
    asked = run("erase", *who, "--reason", "asked for", stdin="n\n")
    assert asked.returncode == 1
    assert re.findall(r"^(?:lead|submission) \d+", asked.stdout, re.MULTILINE) == [
        *(f"lead {lead}" for lead in leads),
        f"submission {waiting}",
    ]
    assert "555" not in asked.stdout
    assert ask(market, "select count(*) from leadgen.leads where erased_at is not null") == 0
    done = run("erase", *who, "--reason", "asked for", "--yes")
    assert done.stderr.splitlines()[:2] == [f"lead {lead} is erased" for lead in leads]
    assert ask(market, "select payload::text from leadgen.intake_quarantine") == "{}"
    assert ask(market, "select name from leadgen.leads where id = %s", other) != ""
    again = run("erase", *who, "--reason", "asked for", "--yes")
    assert (again.returncode, again.stderr) == (
        1,
        f"no lead, no submission in quarantine and no user has {who[1]}\n",
    )


def test_an_erasure_names_the_leads_that_share_the_other_contact(market: Market, run: Run) -> None:
    first = submit(market, phone="+15125550123", email="ann@example.com")["lead_id"]
    other = submit(market, phone="+15125550124", email="ann@example.com")["lead_id"]
    third = submit(market, phone="+15125550124", email="tom@example.com")["lead_id"]
    by_phone = run("erase", "--phone", "+15125550123", "--reason", "asked for", stdin="n\n")
    shared = f"not erased by this: lead {other}, which has the same e-mail"
    assert by_phone.stderr.startswith(f"{shared}\nErase this? ")
    by_email = run("erase", "--email", "ann@example.com", "--reason", "asked for", stdin="n\n")
    assert by_email.stderr.startswith(f"not erased by this: lead {third}, which has the same phone\nErase")
    by_id = run("erase", str(other), "--reason", "asked for", "--yes")
    assert by_id.stderr.splitlines() == [
        f"not erased by this: lead {first}, which has the same e-mail",
        f"not erased by this: lead {third}, which has the same phone",
        f"lead {other} is erased",
    ]
    alone = run("erase", str(first), "--reason", "asked for", "--yes")
    assert alone.stderr == f"lead {first} is erased\n"


def test_a_person_who_is_in_quarantine_only_is_erased(market: Market, run: Run) -> None:
    waiting = submit(market, email="zoe@example.com", source_key="nobody")["quarantine_id"]
    done = run("erase", "--email", "zoe@example.com", "--reason", "asked for", "--yes")
    assert done.stderr == f"submission {waiting} in quarantine is erased\n"
    assert ask(market, "select payload::text from leadgen.intake_quarantine") == "{}"
    assert ask(market, "select message from leadgen.events") == (
        f"submission {waiting} in quarantine was erased: asked for"
    )


@pytest.mark.parametrize(
    "who", [[], ["1", "--phone", "+15125550123"], ["--phone", "1", "--email", "a@b.example"]]
)
@pytest.mark.usefixtures("market")
def test_an_erasure_is_of_one_lead_or_one_contact(who: list[str], run: Run) -> None:
    assert "give the id of a lead, or --phone, or --email: one of them" in run(
        "erase", *who, "--reason", "asked for"
    ).stderr.replace("\n", " ")


# Sales


def test_a_sale_is_accepted(market: Market, run: Run) -> None:
    sale = add_sale(market)
    assert said_by(run("accept", str(sale))) == f"sale {sale} is accepted"
    assert ask(market, "select outcome::text from leadgen.lead_assignments where id = %s", sale) == "accepted"
    assert "There is no such sale" in refused_by(run("accept", "99"))


def test_a_sale_is_returned_for_a_reason_of_the_list(market: Market, run: Run) -> None:
    sale = add_sale(market)
    unknown = refused_by(run("return", str(sale), "--reason", "wrong_numbr"))
    assert "--reason: found wrong_numbr, allowed wrong_number, invalid_phone" in unknown
    listed = run("returns", "reasons").stdout
    assert re.search(r"^wrong_number +The phone number", listed, re.MULTILINE)
    done = run("return", str(sale), "--reason", "wrong_number", "--note", "a bakery")
    assert said_by(done) == f"sale {sale} is returned: wrong_number"
    assert ask(market, "select outcome::text from leadgen.lead_assignments where id = %s", sale) == "returned"
    assert json.loads(run("returns", "reasons", "--json").stdout)[0]["code"] == "wrong_number"


# Quarantine, field maps


def test_a_refused_submission_is_shown_whole_with_its_answer(market: Market, run: Run) -> None:
    body = '{"source_key": "austin-plumbing-v1", "email": "zoe@example.com\\u001b[2J", "name": '
    query = """
        select leadgen.keep_refused(null, %s, '{}', '{"status": 413, "detail": "body: found more"}', 77)"""
    with market.cursor() as cursor:
        cursor.execute(query, (body,))
        row = cursor.fetchone()
    assert row is not None
    listed = " ".join(run("quarantine", "list").stdout.split())
    assert "malformed body: found more" in listed
    assert "zoe" not in listed
    shown = run("quarantine", "show", str(row[0]))
    assert shown.returncode == 0, shown.stderr
    assert f"submission {row[0]}, step malformed: body: found more" in shown.stdout
    assert 'its sender was answered: {"detail": "body: found more", "status": 413}' in shown.stdout
    assert "77 more bytes were not kept" in shown.stdout
    assert body in shown.stdout
    assert json.loads(run("quarantine", "show", str(row[0]), "--json").stdout)[0]["cut_bytes"] == 77
    refused = run("quarantine", "resubmit", str(row[0]))
    assert "Ask its sender to post it again" in refused.stderr
    unknown = refused_by(run("quarantine", "show", "4711"))
    assert "no submission 4711 in quarantine" in unknown


def test_quarantine_is_listed_and_submitted_again(market: Market, run: Run) -> None:
    assert said_by(run("quarantine", "list")) == "the quarantine is empty"
    market.execute("update leadgen.sources set is_active = false")
    first, second = (submit(market, name="Wilhelmina Overbeck")["quarantine_id"] for _ in range(2))
    listed = run("quarantine", "list")
    lines = [" ".join(line.split()) for line in listed.stdout.splitlines()]
    assert lines[0] == "id came, UTC times source step why lead"
    assert lines[1].startswith(f"{second} 20")
    assert lines[1].endswith("1 austin-plumbing-v1 source the source is not active")
    assert "Overbeck" not in listed.stdout + run("quarantine", "list", "--json").stdout

    waits = run("quarantine", "resubmit", str(first))
    assert (waits.returncode, waits.stdout) == (
        1,
        f"submission {first}: still in quarantine, at step source: the source is not active\n",
    )
    market.execute("update leadgen.sources set is_active = true")
    done = run("quarantine", "resubmit", "--all")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        rf"submission {first}: lead \d+ is accepted\nsubmission {second}: lead \d+ is accepted\n", done.stdout
    )
    assert said_by(run("quarantine", "resubmit", "--all")) == "nothing waits in quarantine"
    assert run("quarantine", "list", "--all").stdout.count("austin-plumbing-v1") == 2
    again = run("quarantine", "resubmit", str(first), "99")
    assert again.returncode == 1
    assert f"Submission {first} was resubmitted already; quarantine_id: found" in again.stderr
    assert "No submission 99 in quarantine" in again.stderr
    assert run("quarantine", "resubmit").returncode == 2


SAMPLE = {
    "lead_id": "77",
    "user_column_data": [
        {"column_id": "FULL_NAME", "string_value": "Jane Roe"},
        {"column_id": "EMAIL", "string_value": "jane@example.com"},
    ],
}


@pytest.mark.usefixtures("market")
def test_a_field_map_is_tried_on_a_sample(run: Run) -> None:
    done = run("field-map", "try", "google-ads-lead-form", "-", stdin=json.dumps(SAMPLE))
    assert done.returncode == 0, done.stderr
    lead = json.loads(done.stdout)
    assert (lead["name"], lead["email"], lead["idempotency_key"]) == (
        "Jane Roe",
        "jane@example.com",
        "google:77",
    )
    assert "No such field map" in refused_by(run("field-map", "try", "gogle", "-", stdin="{}"))
    assert "- is not JSON" in refused_by(run("field-map", "try", "google-ads-lead-form", "-", stdin="{"))


def test_the_quarantined_posts_of_a_field_map_are_submitted_again(market: Market, run: Run) -> None:
    market.execute(
        "insert into leadgen.source_maps (source_id, field_map_id)"
        " select s.id, m.id from leadgen.sources s, leadgen.field_maps m"
        " where s.source_key = 'austin-plumbing-v1' and m.slug = 'google-ads-lead-form'"
    )
    listed = [" ".join(line.split()) for line in run("field-map", "list").stdout.splitlines()]
    assert any(
        line.startswith("google-ads-lead-form ") and line.endswith("austin-plumbing-v1") for line in listed
    )
    market.execute("update leadgen.sources set is_active = false")
    posted = submit(market)["quarantine_id"]
    other = submit(market, source_key="no-such-page")["quarantine_id"]
    market.execute("update leadgen.sources set is_active = true")
    done = run("field-map", "resubmit", "google-ads-lead-form")
    assert re.fullmatch(rf"submission {posted}: lead \d+ is accepted\n", done.stdout), done.stderr
    assert ask(market, "select resubmitted_at from leadgen.intake_quarantine where id = %s", other) is None
    assert said_by(run("field-map", "resubmit", "google-ads-lead-form")) == "nothing waits in quarantine"
    assert "no field map gogle" in refused_by(run("field-map", "resubmit", "gogle"))


# Replay


def test_a_lead_is_computed_again(market: Market, run: Run) -> None:
    lead = submit(market)["lead_id"]
    assert said_by(run("replay", str(lead))) == f"lead {lead} replays as it was recorded"
    with market.transaction():
        market.execute("set local session_replication_role = replica")
        market.execute(
            "update leadgen.lead_decisions set reasons = array['paused'] where lead_id = %s", [lead]
        )
    done = run("replay", str(lead))
    assert done.returncode == 1
    assert "what: reasons" in " ".join(done.stdout.split())
    assert json.loads(run("replay", str(lead), "--json").stdout)["identical"] is False
    assert "No lead 99" in refused_by(run("replay", "99"))
