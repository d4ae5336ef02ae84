"""Rate limits: what one sender may post before anything of it is stored; tried on a real API by the attacks."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from twilio.request_validator import RequestValidator

from api.serving import (
    BUYER_KEY,
    OPERATOR_KEY,
    SOURCE_KEY,
    Answer,
    Api,
    add_sale,
    add_sms,
    make_lead,
    running_api,
)
from leadgen.app import rates
from leadgen.app.headers import name_network
from leadgen.app.metrics import POSTS_LIMITED
from leadgen.app.problems import UNAUTHORIZED, UNAVAILABLE, Problem
from leadgen.app.queries import Queries, RateLimit
from leadgen.app.rates import BATCHES, BATCHES_OF_ONE, SHARE, BatchesUnderWay, Rates

PAGE = "austin-plumbing-v1"


class Leases(Queries):
    """Stands for the SQL functions: gives away `left` posts, and remembers who asked."""

    def __init__(self, *limits: RateLimit, left: int = 1_000_000) -> None:
        self.limits = list(limits)
        self.left = left
        self.asked: list[tuple[str, str, int]] = []

    async def list_rate_limits(self) -> list[RateLimit]:
        """Stands for leadgen.list_rate_limits."""
        return self.limits

    async def lease_posts(self, name: str, subject: str, count: int) -> tuple[int, int]:
        """Stands for leadgen.lease_posts."""
        self.asked.append((name, subject, count))
        await asyncio.sleep(0)
        granted = min(count, self.left)
        self.left -= granted
        return granted, 0 if granted else 30


def limit(name: str, amount: int, subject: str = "*", *, is_active: bool = True) -> RateLimit:
    return RateLimit(name, subject, amount, 3600, is_active)


async def count_taken(rates: Rates, posts: int, **context: str) -> int:
    """How many of so many posts at once are not refused."""
    found = await asyncio.gather(*(rates.check_head(context) for _ in range(posts)), return_exceptions=True)
    assert all(one is None or isinstance(one, Problem) for one in found), found
    return found.count(None)


async def test_a_few_posts_of_an_address_cost_the_database_nothing() -> None:
    leases = Leases(limit("address", 100))
    assert await count_taken(Rates(leases), 100 // SHARE, ip_address="192.0.2.1") == 5
    assert leases.asked == []


async def test_more_posts_are_leased_in_blocks() -> None:
    leases = Leases(limit("address", 100))
    assert await count_taken(Rates(leases), 5 + 12, ip_address="192.0.2.1") == 17
    assert leases.asked == [("address", "192.0.2.1", 5)] * 3


async def test_who_is_refused_asks_the_database_no_more_until_its_time_has_come() -> None:
    leases = Leases(limit("address", 100), left=10)
    held = Rates(leases)
    assert await count_taken(held, 500, ip_address="192.0.2.1") == 15
    assert len(leases.asked) == 3
    with pytest.raises(Problem) as refused:
        await held.check_head({"ip_address": "192.0.2.1"}, UNAVAILABLE)
    assert refused.value.kind is UNAVAILABLE
    assert refused.value.headers == {"Retry-After": "30"}
    assert await count_taken(held, 1, ip_address="192.0.2.2") == 1, "another address is another sender"


async def test_addresses_of_one_ipv6_network_are_one_sender() -> None:
    leases = Leases(limit("address", 100), left=0)
    held = Rates(leases)
    taken = [await count_taken(held, 1, ip_address=f"2001:db8:1:2::{n:x}") for n in range(10)]
    assert sum(taken) == 5
    assert leases.asked == [("address", "2001:db8:1:2::/64", 5)]


async def test_a_row_of_its_own_goes_before_everybodys() -> None:
    held = Rates(Leases(limit("address", 0), limit("address", 1, "192.0.2.7", is_active=False), left=0))
    assert await count_taken(held, 3, ip_address="192.0.2.1") == 0
    assert await count_taken(held, 3, ip_address="192.0.2.7") == 3


async def test_an_invented_key_is_no_way_around_the_limit_of_its_address() -> None:
    held = Rates(Leases(limit("address", 20), limit("key", 1_000_000), left=0))
    keys = [await count_taken(held, 1, ip_address="192.0.2.1", api_key_hash=f"k{n}") for n in range(10)]
    assert sum(keys) == 1
    held.learn_key({"api_key_hash": "valid"})
    assert await count_taken(held, 50, ip_address="192.0.2.1", api_key_hash="valid") == 50


async def test_a_key_that_is_refused_counts_for_its_address_again() -> None:
    held = Rates(Leases(limit("address", 20), left=0))
    context = {"ip_address": "192.0.2.1", "api_key_hash": "k"}
    with held.judge_key(context):
        pass
    assert await count_taken(held, 50, **context) == 50
    for kind in (UNAVAILABLE, UNAUTHORIZED):
        with pytest.raises(Problem), held.judge_key(context):
            raise Problem(kind, "no")
        if kind is UNAVAILABLE:
            assert await count_taken(held, 50, **context) == 50, "only a 401 says that the key is none"
    assert await count_taken(held, 50, **context) == 1


async def test_a_public_source_key_is_limited_whatever_its_addresses_are() -> None:
    held = Rates(Leases(limit("source", 20), left=4))
    for _ in range(5):
        await held.check_source({}, PAGE)
    with pytest.raises(Problem):
        await held.check_source({}, PAGE)
    await held.check_source({"api_key_hash": "valid"}, PAGE)
    await held.check_source({}, "another")


async def test_of_the_leads_of_a_batch_those_that_fit_are_counted() -> None:
    held = Rates(Leases(limit("key", 100), left=10))
    assert await held.count_leads("k", 0) == (0, None)
    assert await held.count_leads("k", 7) == (7, None)
    taken, problem = await held.count_leads("k", 50)
    assert taken == 15 - 7
    assert problem is not None
    assert (problem.kind.status, problem.headers) == (429, {"Retry-After": "30"})
    assert (await held.count_leads("another", 5))[0] == 5


async def test_leads_that_nothing_could_be_leased_for_are_not_counted_as_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> tuple[int, int]:
        raise Problem(UNAVAILABLE, "no database")

    leases = Leases(limit("key", 100))
    monkeypatch.setattr(leases, "lease_posts", fail)
    limited = POSTS_LIMITED.labels("key")._value.get()
    taken, problem = await Rates(leases).count_leads("k", 50)
    assert (taken, problem and problem.kind) == (100 // SHARE, UNAVAILABLE)
    assert POSTS_LIMITED.labels("key")._value.get() == limited


def test_so_many_batches_are_in_hand_and_no_more() -> None:
    batches = BatchesUnderWay()
    with ExitStack() as stack:
        for n in range(BATCHES // BATCHES_OF_ONE):
            for _ in range(BATCHES_OF_ONE):
                stack.enter_context(batches.take(f"k{n}"))
        for key, status in (("k0", 429), ("another", 503)):
            with pytest.raises(Problem) as refused, batches.take(key):
                pass
            assert (refused.value.kind.status, refused.value.headers) == (status, {"Retry-After": "2"})
    with batches.take("another"):
        pass


async def test_a_change_of_the_limits_holds_at_once_for_who_was_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "READ_SECONDS", 0.0)
    leases = Leases(limit("address", 0), left=0)
    held = Rates(leases)
    assert await count_taken(held, 3, ip_address="192.0.2.1") == 0
    leases.limits = [limit("address", 100)]
    leases.left = 100
    await count_taken(held, 1, ip_address="192.0.2.1")  # reads the limits anew, beside it
    await asyncio.sleep(0)
    assert await count_taken(held, 3, ip_address="192.0.2.1") == 3


async def test_so_many_senders_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_SENDERS", 10)
    held = Rates(Leases(limit("address", 100)))
    for n in range(50):
        await held.check_head({"ip_address": f"192.0.2.{n}"})
    assert len(held._senders["address"]) == 10


async def test_without_limits_nothing_is_refused() -> None:
    class Away(Leases):
        async def list_rate_limits(self) -> list[RateLimit]:
            """The database is away."""
            raise Problem(UNAVAILABLE, "away")

    assert await count_taken(Rates(Away()), 100, ip_address="192.0.2.1") == 100


def test_an_address_is_named_as_the_database_names_it(database: str) -> None:
    addresses = ["192.0.2.1", "2001:db8::1", "2001:db8:1:2:3:4:5:6", "::1", "fe80::1", "2001:0:0:1::5"]
    with psycopg.connect(database) as connection:
        for address in addresses:
            row = connection.execute("select intake.name_network(%s)", [address]).fetchone()
            assert row == (name_network(ip_address(address)),)


# The attacks, on a real API with the limits that are delivered.


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@contextmanager
def limited_api(
    database: str, directory: Path, workers: int = 1, **settings: str
) -> Iterator[tuple[Api, psycopg.Connection]]:
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("update leadgen.rate_limits set is_active = true")
        with running_api(database, directory, workers, **settings) as api:
            yield api, admin


def ask(admin: psycopg.Connection, query: str) -> Any:
    row = admin.execute(query.encode()).fetchone()
    assert row
    return row[0]


def post_many(api: Api, leads: list[dict[str, object]], **headers: str) -> list[Answer]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda lead: api.post(lead, **headers), leads))


def count_limited(api: Api, name: str) -> float:
    families = text_string_to_metric_families(api.metrics())
    return sum(
        s.value
        for family in families
        for s in family.samples
        if s.name == "leadgen_posts_limited_total" and s.labels == {"limit": name}
    )


def test_a_flood_through_a_public_source_key_is_cut_off(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        answers = post_many(api, [make_lead() for _ in range(300)])
        refused = [answer for answer in answers if answer.status == 429]
        # 120 at once, and what a process gives away by itself; then one a second.
        assert 120 <= len(answers) - len(refused) < 160
        assert {answer.status for answer in answers} == {202, 429}
        assert all(1 <= int(answer.headers["Retry-After"]) <= 3600 for answer in refused)
        refused[0].check_problem()
        assert "address" in refused[0].json["detail"]
        assert ask(admin, "select count(*) from leadgen.leads") == len(answers) - len(refused)
        assert count_limited(api, "address") == len(refused)
        assert ask(admin, "select count(*) from leadgen.events where kind = 'rate_exceeded'") == 1
        assert ask(admin, "select message not like '%127.0.0.1%' from leadgen.events") is True


def test_a_partner_with_a_key_is_not_held_to_the_limit_of_its_address(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        leads = [make_lead(source_key="partner-austin") for _ in range(250)]
        assert api.post(leads[0], X_API_Key=SOURCE_KEY).status == 202
        answers = post_many(api, leads[1:], X_API_Key=SOURCE_KEY)
        assert {answer.status for answer in answers} == {202}
        assert ask(admin, "select count(*) from leadgen.rate_buckets") == 0, "few enough to cost nothing"
        invented = [api.post(make_lead(), X_API_Key=f"invented-{n}").status for n in range(140)]
        assert set(invented) == {401, 429}
        assert invented[-1] == 429


def test_a_key_that_was_revoked_is_no_way_around_the_limit_of_its_address(
    database: str, tmp_path: Path
) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        assert api.post(make_lead(source_key="partner-austin"), X_API_Key=SOURCE_KEY).status == 202
        admin.execute("update leadgen.sources set api_key_hash = null where source_key = 'partner-austin'")
        statuses = [api.post(make_lead(), X_API_Key=SOURCE_KEY).status for _ in range(140)]
        assert set(statuses) == {401, 429}
        assert statuses[-1] == 429


def test_a_source_is_held_to_its_limit_however_it_is_spelled(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        admin.execute("update leadgen.rate_limits set is_active = false where name = 'address'")
        admin.execute(
            "insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('source', %s, 20, 3600)",
            [PAGE],
        )
        leads = [
            make_lead(source_key=spelling)
            for n in range(20)
            for spelling in (PAGE, PAGE + " " * n, PAGE + "\u200b" * n, "\uff41" + PAGE[1:] + "\u200d" * n)
        ]
        renamed = [{**make_lead(), "\ufeffsource_key": PAGE} for _ in range(20)]
        for lead in renamed:
            del lead["source_key"]
        statuses = [answer.status for answer in post_many(api, leads + renamed)]
        assert set(statuses) == {202, 429}
        assert 20 <= statuses.count(202) <= 20 + 20 // SHARE


def test_processes_share_a_limit(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin), running_api(database, tmp_path) as other:
        admin.execute(
            "update leadgen.rate_limits set amount = 40, per_seconds = 86400 where name = 'address'"
        )
        leads = [make_lead() for _ in range(120)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda where, lead: where.post(lead), cycle((api, other)), leads))
        taken = [answer.status == 202 for answer in answers]
        assert any(taken[::2])
        assert any(taken[1::2])
        assert 40 <= sum(taken) <= 40 + 2 * 40 // SHARE + 1


def test_a_blocked_address_is_refused_and_others_are_not(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        admin.execute(
            "insert into leadgen.rate_limits (name, subject, amount, per_seconds)"
            " values ('address', '127.0.0.1', 0, 1)"
        )
        answer = api.post(make_lead())
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3600")


def test_a_flood_of_what_nobody_claims_fills_quarantine_to_its_bound(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        admin.execute("update leadgen.rate_limits set is_active = false where name in ('address', 'source')")
        admin.execute("update leadgen.rate_limits set amount = 100000 where name = 'quarantine_address'")
        lost = [make_lead(source_key="nobody", message=f"{n:05}" + "x" * 9000) for n in range(60)]
        answers = post_many(api, lost)
        refused = [answer for answer in answers if answer.status == 429]
        assert {answer.status for answer in answers} == {422, 429}
        assert int(refused[0].headers["Retry-After"]) > 1
        bytes_kept = ask(admin, "select sum(octet_length(payload::text)) from leadgen.intake_quarantine")
        assert 80_000 < bytes_kept <= 100_000
        assert count_limited(api, "quarantine") == len(refused)
        kept = next(lead for lead, answer in zip(lost, answers, strict=True) if answer.status == 422)
        assert api.post(kept).status == 422, "what is there already costs nothing"


def test_a_network_hears_503_because_it_would_not_send_again(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        admin.execute("update leadgen.rate_limits set amount = 0 where name = 'address'")
        body = json.dumps({"lead_id": "1"}).encode()
        answer = api.request("POST", "/api/sources/google/leads", body, Content_Type="application/json")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "3600")


def allow(admin: psycopg.Connection, name: str, amount: int) -> None:
    """So many at once, and hardly any more today."""
    admin.execute(
        "update leadgen.rate_limits set amount = %s, per_seconds = 86400 where name = %s", [amount, name]
    )


def refuse_some(answers: list[Answer], allowed: int) -> list[Answer]:
    """The answers 429: all but those that are allowed, and the few that a process gives away by itself."""
    refused = [answer for answer in answers if answer.status == 429]
    assert allowed <= len(answers) - len(refused) <= allowed + allowed // SHARE + 1
    assert all(1 <= int(answer.headers["Retry-After"]) <= 3600 for answer in refused)
    return refused


def make_link(admin: psycopg.Connection, sale: int) -> str:
    return f"/answers/{ask(admin, f'select identity.make_link($$accept$$, {sale})')}"


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", b"")])
def test_pages_of_links_are_limited_by_address(
    database: str, tmp_path: Path, method: str, body: bytes | None
) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        allow(admin, "address", 20)
        good = make_link(admin, add_sale(admin))
        form = {"Content_Type": "application/x-www-form-urlencoded"} if body is not None else {}
        guesses = [api.request(method, f"/answers/guess-{n}", body, **form) for n in range(30)]
        refused = refuse_some(guesses, 20)
        assert {answer.headers["Content-Type"] for answer in refused} == {"text/html; charset=utf-8"}
        assert b"Too many requests" in refused[0].body
        late = api.request(method, good, body, **form, X_API_Key=BUYER_KEY)
        assert late.status == 429, "a key is none for a link"
        assert count_limited(api, "address") == len(refused) + 1
        outcome = "select count(*) from leadgen.lead_assignments where outcome = 'accepted'"
        assert ask(admin, outcome) == 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/return-reasons",
        "/api/sources/google/leads?hub.mode=subscribe&hub.challenge=1",
        "/api/form-token?source_key=austin-plumbing-v1",
    ],
)
def test_what_anybody_may_ask_is_limited_by_address(database: str, tmp_path: Path, path: str) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        allow(admin, "address", 20)
        refuse_some([api.get(path) for _ in range(30)], 20)[0].check_problem()


def test_a_buyer_who_has_a_key_is_limited_by_it_and_not_by_its_address(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        allow(admin, "address", 20)
        allow(admin, "key", 40)
        path = f"/api/assignments/{add_sale(admin)}"
        assert api.get(path, X_API_Key=BUYER_KEY).status == 200
        invented = [api.get(path, X_API_Key=f"invented-{n}") for n in range(30)]
        assert {answer.status for answer in refuse_some(invented, 19)} == {429}
        known = [api.get(path, X_API_Key=BUYER_KEY) for _ in range(30)]
        assert {answer.status for answer in known} == {200}, "the address has no more, the key has"
        answers = [api.request("POST", f"{path}/accept", None, X_API_Key=BUYER_KEY) for _ in range(15)]
        refuse_some(answers, 10)[0].check_problem()


def test_a_guessed_answer_of_a_buyer_is_limited_by_address(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        allow(admin, "address", 20)
        path = f"/api/assignments/{add_sale(admin)}/return"
        body = b'{"reason": "duplicate"}'
        guesses = [
            api.request("POST", path, body, Content_Type="application/json", X_API_Key=f"guess-{n}")
            for n in range(30)
        ]
        assert {answer.status for answer in guesses} == {401, 429}
        refuse_some(guesses, 20)


def test_an_operator_who_asks_for_decisions_is_limited_by_key(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        allow(admin, "key", 40)
        add_sale(admin)
        path = f"/api/leads/{ask(admin, 'select max(id) from leadgen.leads')}/decision"
        refuse_some([api.get(path, X_API_Key=OPERATOR_KEY) for _ in range(50)], 40)[0].check_problem()


def test_reports_of_text_messages_are_limited_by_address_until_they_are_signed(
    database: str, tmp_path: Path
) -> None:
    token, url = "0123456789abcdef0123456789abcdef", "https://leads.example"
    settings = {
        "PUBLIC_URL": url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": token,
        "TWILIO_PHONE_NUMBER": "+15125550199",
    }
    with limited_api(database, tmp_path, 1, **settings) as (api, admin):
        allow(admin, "address", 20)
        allow(admin, "key", 40)
        path = f"/api/sms/status/{add_sms(admin)}"
        fields = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered"}
        signature = RequestValidator(token).compute_signature(url + path, fields)

        def report(signature: str) -> Answer:
            headers = {
                "Content_Type": "application/x-www-form-urlencoded",
                "X_Twilio_Signature": signature,
            }
            return api.request("POST", path, urlencode(fields), **headers)

        forged = [report("forged") for _ in range(30)]
        assert {answer.status for answer in forged} == {403, 429}
        refuse_some(forged, 20)[0].check_problem()
        signed = [report(signature) for _ in range(50)]
        assert {answer.status for answer in signed} == {204, 429}
        refuse_some(signed, 40)


def test_attributes_beyond_their_bounds_are_refused_by_name(database: str, tmp_path: Path) -> None:
    with limited_api(database, tmp_path) as (api, admin):
        many = api.post(make_lead(attributes={f"a{n}": n for n in range(4500)}))
        large = api.post(make_lead(attributes={"text": "x" * 20_000}))
        for answer, found in ((many, "4500 attributes"), (large, "20012 bytes")):
            assert (answer.status, answer.fields) == (400, ["attributes"])
            assert answer.json["errors"][0]["found"] == found
        assert api.post(make_lead(attributes={f"a{n}": n for n in range(100)})).status == 202
        assert ask(admin, "select count(*) from leadgen.leads where submitted ? 'attributes'") == 0
