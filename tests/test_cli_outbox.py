"""The commands about what buyers are sent and what they answer: deliveries, endpoints, returns, their keys."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from api.serving import add_sale
from leadgen.cli.deliveries import shorten
from leadgen.cli.rows import describe_refused

LEAD = {"name": "Wilhelmina Overbeck", "message": "Call my sister"}
CLAIM = """select * from leadgen.claim_deliveries('w', '{"webhook": 100}', '1 minute')"""
DUE = "is due now: a worker sends it\n"
RECORD = "select status from leadgen.record_attempts(%s, 0, '1 second')"

Database = psycopg.Connection
Json = dict[str, Any]
Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer and its buyer Ann, reached by webhook and e-mail."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("update leadgen.settings set slow_retry_seconds = '{}'")
        yield connection


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def ask(market: Database, query: str, *parameters: object) -> Any:
    row = market.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


def webhook_of(market: Database, sale: int) -> int:
    query = "select id from leadgen.deliveries where assignment_id = %s and channel = 'webhook'"
    return int(ask(market, query, sale))


def status_of(market: Database, delivery: int) -> str:
    return str(ask(market, "select status::text from leadgen.deliveries where id = %s", delivery))


def attempt(market: Database, **result: object) -> None:
    """Try every webhook that is due, all with this result."""
    rows = market.execute(CLAIM).fetchall()
    results = [
        {
            "delivery_id": row[0],
            "lease_token": str(row[1]),
            "started_at": "2026-11-21T10:00:00Z",
            "latency_ms": 12.5,
            "outcome": "failed",
        }
        | result
        for row in rows
    ]
    assert results
    market.execute(RECORD, [Jsonb(results)])


def make_dead(market: Database) -> int:
    """A webhook that ended as a dead letter."""
    delivery = webhook_of(market, add_sale(market, **LEAD))
    attempt(market, outcome="refused", error="no message can be made of it", error_class="message")
    assert status_of(market, delivery) == "dead"
    return delivery


def is_one_line(done: Any, words: str) -> None:
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith("leadgen: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


# Deliveries


def test_deliveries_are_listed_without_anything_of_the_lead(market: Database, run: Run) -> None:
    assert run("deliveries", "list").stderr == "no deliveries\n"
    dead = make_dead(market)
    sale = add_sale(market, **LEAD)
    done = run("deliveries", "list")
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert lines[0].startswith("id made, UTC buyer what by status tries")
    assert len([line for line in lines if " Ann sale " in line]) == 4, "two sales by two ways"
    for word in ("Wilhelmina", "+1512555", "sister", "example.com"):
        assert word not in done.stdout

    assert [row["id"] for row in json.loads(run("deliveries", "list", "--json").stdout)] == [4, 3, 2, 1]
    choices: list[tuple[list[str], set[int]]] = [
        (["--status", "dead"], {dead}),
        (["--status", "dead, unknown"], {dead}),
        (["--status", "dead,pending"], {1, 2, 3, 4}),
        (["--channel", "webhook"], {dead, webhook_of(market, sale)}),
        (["--channel", "sms"], set()),
        (["--since", "1h", "--channel", "webhook", "--limit", "1"], {webhook_of(market, sale)}),
        (["--since", "2099-01-01"], set()),
    ]
    for options, expected in choices:
        found = json.loads(run("deliveries", "list", "--json", *options).stdout)
        assert {row["id"] for row in found} == expected, options
        for row in found:
            assert not {"target", "lead", "name"} & row.keys()


def test_a_delivery_is_shown_with_each_attempt(market: Database, run: Run) -> None:
    delivery = webhook_of(market, add_sale(market, **LEAD))
    assert lines_of(run("deliveries", "show", str(delivery)).stdout)[-1] == "no attempt yet"
    attempt(market, outcome="answered", status_code=500, reply="Oh\x1b[31m no")
    done = run("deliveries", "show", str(delivery))
    assert done.returncode == 0, done.stderr
    lines = lines_of(done.stdout)
    assert lines[0].startswith(f"delivery {delivery}: sale 1 of lead 1 to Ann (1) by webhook: ")
    assert "goes to https://buyer.example/" in lines
    assert any(line.startswith("endpoint ") and "1 failed in a row" in line for line in lines)
    assert any(line.startswith("1 2026-11-21 10:00:00 failed 500 12 http_5xx") for line in lines), lines
    assert "\x1b" not in done.stdout

    shown = json.loads(run("deliveries", "show", str(delivery), "--json").stdout)
    assert shown["attempts_made"][0]["error_class"] == "http_5xx"


def test_a_reply_is_shown_on_one_line() -> None:
    assert shorten("a\n\tb\x1b[2J\u202ec") == "a b [2J c"
    assert len(shorten("x" * 1_000)) == 200


def test_retrying_sends_again_once(market: Database, run: Run) -> None:
    dead, other = make_dead(market), make_dead(market)
    done = run("deliveries", "retry", str(dead), str(dead), str(other))
    assert (done.returncode, done.stdout) == (0, f"delivery {dead} {DUE}delivery {other} {DUE}")
    assert status_of(market, dead) == "pending"
    assert run("deliveries", "retry", str(dead)).stdout == f"delivery {dead} {DUE}"


def test_one_that_cannot_be_sent_again_stops_no_other(market: Database, run: Run) -> None:
    delivered = webhook_of(market, add_sale(market))
    attempt(market, outcome="answered", status_code=200)
    dead = make_dead(market)
    done = run("deliveries", "retry", "999", str(delivered), str(dead))
    assert (done.returncode, done.stdout) == (1, f"delivery {dead} {DUE}")
    first, second = done.stderr.splitlines()
    assert first.startswith("There is no such delivery; delivery_id: found 999")
    assert second.startswith(f"Delivery {delivered} cannot be sent again")
    assert run("deliveries", "retry", "--again", str(delivered)).stdout == f"delivery {delivered} {DUE}"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Delivery 1 is under way", "Delivery 1 is under way"),
        (
            "There is no such delivery; delivery_id: found 1",
            "There is no such delivery; delivery_id: found 1",
        ),
        ("It was tried 1 time since 2026-11-21", "delivery 1: It was tried 1 time since 2026-11-21"),
        ("Delivery 12 has its place", "delivery 1: Delivery 12 has its place"),
        ("It is under way", "delivery 1: It is under way"),
    ],
)
def test_a_refusal_names_its_row(said: str, shown: str) -> None:
    assert describe_refused("delivery", 1, psycopg.DatabaseError(said)) == shown


def test_parking_keeps_back_until_a_retry(market: Database, run: Run) -> None:
    delivery = webhook_of(market, add_sale(market))
    assert run("deliveries", "park", str(delivery)).stdout == (
        f"delivery {delivery} is parked: it is not sent until it is retried\n"
    )
    assert market.execute(CLAIM).fetchall() == []
    assert run("deliveries", "retry", str(delivery)).stdout == f"delivery {delivery} {DUE}"
    assert len(market.execute(CLAIM).fetchall()) == 1


def test_a_resend_run_is_asked_for_watched_and_stopped(market: Database, run: Run) -> None:
    make_dead(market)
    assert run("deliveries", "resends").stderr == "no resend runs\n"
    options = [
        "--buyer",
        "1",
        "--from",
        "2026-01-01",
        "--status",
        "dead,unknown",
        "--per-minute",
        "60",
        "--key",
        "k",
    ]
    first = run("deliveries", "resend", *options)
    assert first.returncode == 0, first.stderr
    assert run("deliveries", "resend", *options).stdout == first.stdout, "asked twice, it is one"
    row = market.execute(
        "select buyer_id, per_minute, statuses::text[], created_from::text, request_key from leadgen.resends"
    ).fetchall()
    assert [one[:3] for one in row] == [(1, 60, ["unknown", "dead"])]

    listed = " ".join(lines_of(run("deliveries", "resends").stdout))
    assert "unknown, dead of buyer" in listed
    assert "running" in listed
    number = first.stdout.strip()
    assert run("deliveries", "stop-resend", number).stderr == f"resend run {number} is stopped\n"
    assert run("deliveries", "stop-resend", number).stderr == f"resend run {number} had ended already\n"
    assert json.loads(run("deliveries", "resends", "--json").stdout)[0]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--since", "yesterday"], "--since: found yesterday, allowed 2h, 30m, 7d, 2026-11-20,"),
        (["show", "999"], "no delivery 999"),
        (["resend", "--from", "soon"], "--from: found soon, allowed 2026-11-20,"),
        (["resend", "--from", "2026-11-02", "--to", "2026-11-01"], "is not before"),
        (["resend", "--buyer", "99"], "--buyer: found 99"),
        (["list", "--status", "ded"], "--status: found ded, allowed pending, sending, sent, "),
        (["list", "--status", "dead,"], "--status: found nothing, allowed pending, "),
        (["resend", "--status", "pending"], "--status: found"),
        (["resend", "--status", "delivered"], "delivered"),
        (["resend", "--key", ""], "--key: found"),
        (["stop-resend", "99"], "resend_id"),
    ],
)
@pytest.mark.usefixtures("market")
def test_what_cannot_be_is_one_line(arguments: list[str], words: str, run: Run) -> None:
    is_one_line(run("deliveries", *arguments), words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["deliveries", "list", "--limit", "0"],
        ["deliveries", "show", "0"],
        ["deliveries", "show", "9" * 19],
        ["deliveries", "retry"],
        ["deliveries", "retry", "one"],
        ["deliveries", "resend", "--per-minute", "0"],
        ["endpoints", "disable", "1"],
        ["endpoints", "test", "x"],
        ["returns", "list", "--status", "open"],
        ["key", "create", "--buyer", "x"],
        ["key", "create", "--buyer", "1", "--operator", "ann"],
    ],
)
def test_what_is_no_argument_is_a_usage_error(arguments: list[str], run: Run) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")


# Endpoints


def test_endpoints_are_listed_switched_off_and_on(market: Database, run: Run) -> None:
    found = json.loads(run("endpoints", "list", "--buyer", "1", "--json").stdout)
    number = str(next(row["id"] for row in found if row["channel"] == "webhook"))
    add_sale(market)
    listed = " ".join(lines_of(run("endpoints", "list").stdout))
    assert f"{number} Ann webhook https://buyer.example/ 1 well" in listed
    assert run("endpoints", "list", "--disabled").stderr == "no endpoints\n"

    done = run("endpoints", "disable", number, "--reason", "moves house")
    assert (done.returncode, done.stderr) == (0, f"endpoint {number} is disabled\n")
    again = run("endpoints", "disable", number, "--reason", "x")
    assert again.stderr == f"endpoint {number} was disabled already\n"
    assert "moves house" in run("endpoints", "list", "--disabled").stdout
    assert market.execute(CLAIM).fetchall() == []
    is_one_line(run("endpoints", "test", number), "disabled")

    assert run("endpoints", "enable", number).stdout == f"{number} enabled\n"
    assert run("endpoints", "enable", number).stdout == f"{number} was in use already\n"
    assert len(market.execute(CLAIM).fetchall()) == 1


def test_an_endpoint_that_fails_is_listed_first_with_its_trouble(market: Database, run: Run) -> None:
    assert run("endpoints", "list", "--failing").stderr == "no endpoints\n"
    assert run("check").returncode == 0
    market.execute("update leadgen.settings set slow_retry_seconds = '{600}'")
    sale = add_sale(market)
    attempt(market, outcome="answered", status_code=500, error="HTTP 500")
    listed = lines_of(run("endpoints", "list").stdout)
    assert re.search(
        r"^1 Ann webhook https://buyer.example/ 1 1 failed in a row, since [-0-9]+ [0-9:]+ UTC: ",
        " ".join(listed[1:]),
    )
    assert "500" in " ".join(listed[1:4])
    assert listed[-1].endswith("well, no longer used")
    (failing,) = json.loads(run("endpoints", "list", "--failing", "--json").stdout)
    assert (failing["failures_in_a_row"], failing["waiting"], failing["state"]) == (1, 1, "failing")
    assert failing["last_error"] == ask(
        market, "select last_error from leadgen.deliveries where id = %s", webhook_of(market, sale)
    )
    assert json.loads(run("endpoints", "list", "--disabled", "--json").stdout) == []
    done = run("check")
    assert (done.returncode, done.stderr) == (0, "the configuration has no fault; endpoints that fail: 1\n")
    assert re.fullmatch(
        r"endpoint 1, Ann by webhook: it fails: 1 in a row since [-0-9]+ [0-9:]+ UTC, deliveries that wait: 1."
        r" Mend it: leadgen endpoints list --failing shows the last error\n",
        done.stdout,
    )
    assert [row["subject"] for row in json.loads(run("check", "--json").stdout)] == [
        "endpoint 1, Ann by webhook"
    ]


def test_a_test_is_sent_and_can_be_looked_at(market: Database, run: Run) -> None:
    number = ask(market, "select id from leadgen.endpoints where buyer_id = 1 and channel = 'webhook'")
    done = run("endpoints", "test", str(number))
    assert done.returncode == 0, done.stderr
    shown = run("deliveries", "show", done.stdout.strip()).stdout
    assert shown.startswith(f"delivery {done.stdout.strip()}: webhook.test to Ann (1) by webhook: pending")


def test_a_secret_is_replaced_and_both_sign_for_a_while(market: Database, run: Run) -> None:
    before = ask(market, "select secret from leadgen.webhook_secrets where buyer_id = 1")
    done = run("endpoints", "rotate-secret", "1", "--overlap", "30 minutes")
    assert done.returncode == 0, done.stderr
    after = done.stdout.strip()
    assert after.startswith("whsec_")
    query = """
        select secret, previous_secret, previous_secret_until < now() + interval '31 min'
        from leadgen.webhook_secrets where buyer_id = 1
    """
    assert market.execute(query).fetchone() == (after, before, True)
    assert before not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["enable", "999"], "There is no such endpoint"),
        (["disable", "999", "--reason", "x"], "no such endpoint"),
        (["disable", "1", "--reason", " "], "reason"),
        (["test", "999"], "no such endpoint"),
        (["rotate-secret", "999"], "no such buyer"),
        *(
            (
                ["rotate-secret", "1", "--overlap", overlap],
                f"--overlap: found {overlap}, allowed a number and s, m, h or d, such as 30m, 24h or 7d; or 0",
            )
            for overlap in ("soon", "-1h", "24", "1e3h", "1 month", "9999999d", "", "infinity", "1:00", "٣h")
        ),
        (["rotate-secret", "1", "--overlap", "31d"], "--overlap: found 31 days, allowed 0 to 30 days"),
    ],
)
@pytest.mark.usefixtures("market")
def test_what_is_wrong_with_an_endpoint_is_one_line(arguments: list[str], words: str, run: Run) -> None:
    done = run("endpoints", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


# Returns


def ask_to_return(market: Database) -> int:
    """A return that an operator has to decide."""
    market.execute(
        """
        update leadgen.routing_policies set config = config || '{"returns": {"auto_approve": false}}'
        where not config ? 'returns'
        """
    )
    sale = add_sale(market, **LEAD)
    market.execute(
        "select roads.request_return(%s::bigint, 'duplicate', 'Mrs Overbeck is a customer', 'api')", [sale]
    )
    return int(ask(market, "select id from leadgen.sale_returns where assignment_id = %s", sale))


def test_returns_are_listed_and_decided(market: Database, run: Run) -> None:
    assert run("returns", "list").stderr == "no returns\n"
    first, second = ask_to_return(market), ask_to_return(market)
    done = run("returns", "list")
    assert done.returncode == 0, done.stderr
    assert lines_of(done.stdout)[0] == "id asked, UTC buyer sale price reason through status files"
    assert "45.00 USD duplicate api requested" in " ".join(lines_of(done.stdout))
    assert "Overbeck" not in done.stdout + run("returns", "list", "--json").stdout
    assert "Overbeck" in run("returns", "list", "--notes").stdout

    approved = run("returns", "approve", str(first), "--note", "twice indeed")
    assert (approved.returncode, approved.stderr) == (0, f"return {first} is approved\n")
    refused = run("returns", "refuse", str(second))
    assert (refused.returncode, refused.stderr) == (0, f"return {second} is refused\n")
    decided = market.execute("select status, decision_note from leadgen.sale_returns order by id").fetchall()
    assert decided == [("approved", "twice indeed"), ("refused", None)]
    assert ask(market, "select outcome::text from leadgen.lead_assignments where id = 1") == "returned"

    assert run("returns", "list").stderr == (
        "no return waits for a decision; --status all shows those that are decided\n"
    )
    assert run("returns", "list", "--status", "requested").stderr == "no returns\n"
    listed = json.loads(run("returns", "list", "--status", "all", "--json").stdout)
    assert [row["status"] for row in listed] == ["refused", "approved"]
    is_one_line(run("returns", "refuse", str(first)), "approved")
    is_one_line(run("returns", "approve", "99"), "no such return")
    is_one_line(run("returns", "refuse", str(first), "--note", "a\udcff"), "the text is not valid UTF-8")


def test_files_of_a_return_are_listed(market: Database, run: Run) -> None:
    sale = add_sale(market, **LEAD)
    file = {
        "key": "returns/4711.png",
        "sha256": "ab" * 32,
        "bytes": 20480,
        "media_type": "image/png",
    }
    for wrong, words in (("{", "--evidence: found something else"), ('{"key": "../x"}', "evidence[0].key")):
        done = run("return", str(sale), "--reason", "spam", "--evidence", wrong)
        is_one_line(done, words)
    kept = run("return", str(sale), "--reason", "spam", "--evidence", json.dumps(file))
    assert (kept.returncode, kept.stderr) == (0, f"sale {sale} is returned: spam\n")
    return_id = str(ask(market, "select id from leadgen.sale_returns where assignment_id = %s", sale))
    shown = run("returns", "evidence", return_id).stdout
    assert "returns/4711.png" in shown
    assert f"image/png, 20,480 bytes, sha256 {'ab' * 32}" in shown
    assert json.loads(run("returns", "evidence", return_id, "--json").stdout)[0]["reference"] == file["key"]
    assert json.loads(run("returns", "list", "--status", "all", "--json").stdout)[0]["files"] == 1
    is_one_line(
        run("returns", "evidence", "99"), "no return 99: `leadgen returns list --status all` lists them"
    )


# Keys


def test_a_buyers_keys_are_shown_once_and_revoked(market: Database, run: Run) -> None:
    keys = [run("key", "create", "--buyer", "2").stdout.strip() for _ in range(2)]
    digests = {hashlib.sha256(key.encode()).hexdigest() for key in keys}
    query = """
        select key_hash, revoked_at is not null from leadgen.api_keys where buyer_id = 2 order by id desc limit 2
    """
    assert set(market.execute(query).fetchall()) == {(digest, False) for digest in digests}
    done = run("key", "revoke", "--buyer", "2")
    assert (done.returncode, done.stderr) == (0, "revoked 3 keys of buyer 2\n")
    assert set(market.execute(query).fetchall()) == {(digest, True) for digest in digests}
    is_one_line(run("key", "revoke", "--buyer", "2"), "buyer 2 has no key in force")
    is_one_line(run("key", "create", "--buyer", "99"), "no buyer 99")


# hooks

HOOK = "https://ops.example.com/leadgen"
SECRETS = "select secret, previous_secret from leadgen.hook_secrets where hook_id = %s"


def add_hook(run: Run, *options: str) -> tuple[str, str]:
    """A hook's id and secret, as the command prints them."""
    done = run("hooks", "add", HOOK, "--name", "chat", *options)
    assert done.returncode == 0, done.stderr
    hook, secret = done.stdout.split()
    return hook, secret


def list_hooks(run: Run) -> list[Json]:
    hooks: list[Json] = json.loads(run("hooks", "list", "--json").stdout)
    return hooks


def test_a_hook_is_added_with_the_secret_that_signs_it(market: Database, run: Run) -> None:
    hook, secret = add_hook(run, "--kind", "limit.reached", "--kind", "endpoint.disabled")
    assert ask(market, SECRETS, hook) == secret
    (row,) = list_hooks(run)
    assert (row["url"], row["kinds"]) == (HOOK, ["endpoint.disabled", "limit.reached"])
    assert (row["state"], row["items_behind"], row["waiting"]) == ("well", 0, 0)
    assert secret not in json.dumps(row)


def test_hooks_are_listed_with_what_they_are_behind_and_how_they_do(market: Database, run: Run) -> None:
    assert run("hooks", "list").stderr == "no hooks\n"
    hook, _ = add_hook(run)
    add_sale(market)
    market.execute("select leadgen.run_chore('fill_feed')")
    behind = str(list_hooks(run)[0]["items_behind"])
    assert int(behind) >= 2
    market.execute(
        "update leadgen.endpoints set failures_in_a_row = 2, failing_since = now() where hook_id is not null"
    )
    lines = lines_of(run("hooks", "list").stdout)
    assert f"{hook} chat {HOOK} all {behind} 0 2 failed in a row" in lines


def test_a_hook_is_paused_and_resumed(market: Database, run: Run) -> None:
    hook, _ = add_hook(run)
    assert run("hooks", "pause", hook).stderr == f"hook {hook} is paused\n"
    assert run("hooks", "pause", hook).stderr == f"hook {hook} was paused already\n"
    assert lines_of(run("hooks", "list").stdout)[-1].endswith("paused")
    is_one_line(run("hooks", "test", hook), "paused by an operator")
    assert run("hooks", "resume", hook).stderr == f"hook {hook} is in use\n"
    assert run("hooks", "resume", hook).stderr == f"hook {hook} was in use already\n"
    assert list_hooks(run)[0]["state"] == "well"


def test_the_secret_of_a_hook_is_rotated(market: Database, run: Run) -> None:
    hook, old = add_hook(run)
    done = run("hooks", "rotate", hook, "--overlap", "1h")
    new = done.stdout.strip()
    assert market.execute(SECRETS, [hook]).fetchone() == (new, old)
    assert new != old
    is_one_line(run("hooks", "rotate", hook, "--overlap", "1h"), "still has an old secret")


def test_a_hook_is_tested_and_removed(market: Database, run: Run) -> None:
    hook, _ = add_hook(run)
    delivery = int(run("hooks", "test", hook).stdout)
    assert status_of(market, delivery) == "pending"
    assert run("hooks", "remove", hook).stderr == f"hook {hook} is removed\n"
    assert status_of(market, delivery) == "cancelled"
    assert list_hooks(run) == []
    is_one_line(run("hooks", "resume", hook), "no such hook")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((HOOK, "--name", "chat", "--kind", "no.such"), "There is no kind no.such"),
        (("ftp://ops.example.com/", "--name", "chat"), "url"),
        ((HOOK, "--name", " "), "needs a name"),
    ],
)
def test_a_hook_that_cannot_work_is_not_added(
    market: Database, run: Run, arguments: tuple[str, ...], words: str
) -> None:
    is_one_line(run("hooks", "add", *arguments), words)
    assert list_hooks(run) == []
