"""Leads that gather in a running API: every sender gets the answer to its own lead, whatever the others sent."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import SERVE, Answer, Api, running_api
from concurrency.sessions import PATIENCE
from rig.catalogue import Catalogue, Offer, insert, make_lead
from rig.cluster import Cluster
from rig.waiting import wait_until

ONE_CALL = "leadgen_leads_per_call"
BREAK_DOWN = """
create function public.break_down() returns trigger language plpgsql as $$
begin
  if new.name = 'poison' then perform 1 / 0; end if;
  if new.name = 'disk' then raise exception using errcode = 'disk_full'; end if;
  return null;
end $$;
create trigger break_down after insert on leadgen.leads for each row execute function public.break_down();
"""
PATIENT = "from leadgen.app import batches; batches.WAIT_SECONDS = 60; " + SERVE
LONG_WAITS = """
alter role leadgen_api in database {0} set lock_timeout = '1min';
alter role leadgen_api in database {0} set statement_timeout = '1min';
"""
API_SESSIONS = "pg_stat_activity where usename = 'leadgen_api' and datname = current_database()"

Lead = dict[str, Any]


@dataclass
class Intake:
    """An API of one connection, and the session that watches and hinders it."""

    api: Api
    admin: psycopg.Connection
    catalogue: Catalogue

    def add_offer(self, rules: dict[str, Any] | None = None, **enrollment: object) -> Offer:
        """An offer with one buyer who takes everything."""
        offer = self.catalogue.add_offer(rules=rules)
        self.catalogue.enroll(offer, **enrollment)
        return offer

    def calls(self, most: int) -> float:
        """How many calls had at most so many leads."""
        return self.api.metric(f"{ONE_CALL}_bucket", le=f"{most}.0")

    def ask(self, query: str, *parameters: object) -> Any:
        """The one value of a query."""
        row = self.admin.execute(query.encode(), parameters).fetchone()
        assert row
        return row[0]

    def is_waiting(self) -> bool:
        """Whether the API waits for a lock."""
        return bool(self.ask(f"select count(*) from {API_SESSIONS} and wait_event_type = 'Lock'"))

    @contextmanager
    def gathered(
        self, leads: Sequence[Lead], headers: Sequence[dict[str, str]] | None = None
    ) -> Iterator[list[Future[Answer]]]:
        """Post leads and let them gather behind one whose offer is held; inside they are in one call."""
        offer = self.add_offer()
        turn = "(2, market.offer_lock_key(%s))"
        with ThreadPoolExecutor(len(leads) + 1) as pool:
            self.admin.execute(f"select pg_advisory_lock{turn}", [offer.id])
            try:
                first = pool.submit(self.api.post, make_lead(offer.source_key))
                wait_until(self.is_waiting)
                posts = [
                    pool.submit(self.api.post, lead, **(headers[n] if headers else {}))
                    for n, lead in enumerate(leads)
                ]
                wait_until(lambda: self.api.metric("leadgen_leads_in_hand") == len(leads) + 1)
            finally:
                self.admin.execute(f"select pg_advisory_unlock{turn}", [offer.id])
            assert first.result(PATIENCE).status == 202
            yield posts

    def post(self, leads: Sequence[Lead], headers: Sequence[dict[str, str]] | None = None) -> list[Answer]:
        """The answers to leads that were in one call."""
        with self.gathered(leads, headers) as posts:
            return [post.result(PATIENCE) for post in posts]

    def check_kept(self, lead: Lead, answer: Answer) -> None:
        """Assert that the answer is to this lead, which is kept once."""
        assert answer.status == 202, answer.body
        found = self.admin.execute(
            "select id from leadgen.leads where email = %s", [lead["email"]]
        ).fetchall()
        assert found == [(answer.json["lead_id"],)]

    def check_nothing_kept(self, lead: Lead) -> None:
        """Assert that there is no trace of a lead."""
        assert self.ask("select count(*) from leadgen.leads where email = %s", lead["email"]) == 0

    def check_invariants(self) -> None:
        """Assert that all that is stored agrees."""
        assert self.admin.execute("select * from leadgen.list_broken_invariants()").fetchall() == []


@contextmanager
def running_intake(database: str, directory: Path, connections: int) -> Iterator[Intake]:
    """An intake on a migrated database, in which no wait ends by itself."""
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(LONG_WAITS.format(admin.info.dbname).encode())
        admin.execute(BREAK_DOWN.encode())
        with running_api(database, directory, code=PATIENT, DB_POOL_SIZE=str(connections)) as api:
            yield Intake(api, admin, Catalogue(admin))


@pytest.fixture(scope="module")
def intake(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """The module's intake: it makes one call at a time."""
    with (
        cluster.clone(template) as database,
        running_intake(database, tmp_path_factory.mktemp("intake"), 1) as running,
    ):
        yield running


def test_leads_of_several_offers_are_one_call_and_each_sender_has_its_answer(intake: Intake) -> None:
    offers = [intake.add_offer() for _ in range(4)]
    leads = [make_lead(offers[n % 4].source_key) for n in range(32)]
    calls, small = intake.api.metric(f"{ONE_CALL}_count"), intake.calls(16)
    for number, (lead, answer) in enumerate(zip(leads, intake.post(leads), strict=True)):
        intake.check_kept(lead, answer)
        assert answer.json["offer_id"] == offers[number % 4].id
        assert answer.json["price"] == 45.00
    assert intake.api.metric(f"{ONE_CALL}_count") == calls + 3
    assert intake.calls(16) == small + 2, "the first by itself, tried and then waiting; 32 together"
    intake.check_invariants()


def test_a_lead_that_finds_the_connection_free_is_in_no_batch(intake: Intake) -> None:
    offer = intake.add_offer()
    calls, single = intake.api.metric(f"{ONE_CALL}_count"), intake.calls(1)
    for _ in range(5):
        assert intake.api.post(make_lead(offer.source_key)).status == 202
    assert (intake.api.metric(f"{ONE_CALL}_count"), intake.calls(1)) == (calls + 5, single + 5)


def test_one_bad_lead_of_each_kind_among_good_ones(intake: Intake) -> None:
    offer = intake.add_offer({"duplicate_window_hours": 0, "allowed_postal_codes": ["787*"]})
    key = offer.source_key
    used = make_lead(key, idempotency_key="used")
    assert intake.api.post(used).status == 202
    bad: list[tuple[Lead, dict[str, str], int, str]] = [
        (make_lead(key, postal_code="10001"), {}, 400, "postal_code"),
        (make_lead(key, telephone="1"), {}, 400, "telephone"),
        (make_lead(key), {"X_API_Key": "wrong"}, 401, ""),
        (make_lead("nobody"), {}, 422, ""),
        (make_lead(key, idempotency_key="used"), {}, 422, "idempotency_key"),
    ]
    good = [make_lead(key) for _ in range(8)]
    leads = [*good[:4], *(lead for lead, *_ in bad), *good[4:]]
    headers: list[dict[str, str]] = [{}] * 4 + [one for _, one, *_ in bad] + [{}] * 4
    failures = intake.api.log.count("request failed")
    answers = intake.post(leads, headers)
    for lead, answer in zip(good, answers[:4] + answers[-4:], strict=True):
        intake.check_kept(lead, answer)
    for (lead, _, status, field), answer in zip(bad[1:], answers[5:9], strict=True):
        assert answer.status == status
        assert answer.fields == ([field] if field else [])
        intake.check_nothing_kept(lead)
    rejected = answers[4]
    assert (rejected.status, rejected.json["detail"]["errors"][0]["field"]) == (400, "postal_code")
    assert answers[7].json["quarantine_id"] == intake.ask(
        "select id from leadgen.intake_quarantine where failed_step <> 'malformed'"
    )
    assert intake.api.log.count("request failed") == failures, "none of it is our failure"


def test_a_refusal_in_a_batch_says_what_it_says_to_one_alone(intake: Intake) -> None:
    offer = intake.add_offer()
    lead = make_lead(offer.source_key, telephone="1")
    alone = intake.api.post(lead)
    answers = intake.post([make_lead(offer.source_key), lead])
    assert (answers[1].status, answers[1].said) == (alone.status, alone.said)


def test_the_same_key_twice_in_a_batch_is_one_lead(intake: Intake) -> None:
    offer = intake.add_offer()
    lead = make_lead(offer.source_key)
    answers = intake.post([lead] * 4, [{"Idempotency_Key": "once"}] * 4)
    assert len({answer.json["lead_id"] for answer in answers}) == 1
    assert sum("repeated" not in answer.json for answer in answers) == 1
    intake.check_kept(lead, answers[0])


def test_a_contact_in_two_offers_of_a_batch_is_one_duplicate(intake: Intake) -> None:
    rules = {"duplicate_window_hours": 24, "duplicate_scope": "market"}
    offers = [intake.add_offer(rules) for _ in range(2)]
    lead = make_lead(offers[0].source_key)
    other = make_lead(offers[1].source_key, phone=lead["phone"])
    answers = intake.post([lead, other, make_lead(offers[1].source_key)])
    assert sorted(answer.status for answer in answers) == [202, 202, 400]
    assert answers[2].status == 202
    intake.check_invariants()


def test_the_last_place_goes_to_one_lead_of_a_batch(intake: Intake) -> None:
    offer = intake.add_offer(capacity_per_day=3)
    answers = intake.post([make_lead(offer.source_key) for _ in range(10)])
    assert {answer.status for answer in answers} == {202}
    assert sum(answer.json["buyer_id"] is not None for answer in answers) == 3
    intake.check_invariants()


@pytest.mark.parametrize(("name", "status"), [("poison", 500), ("disk", 503)])
def test_a_lead_that_breaks_down_takes_nobody_along(intake: Intake, name: str, status: int) -> None:
    offers = [intake.add_offer() for _ in range(2)]
    leads = [make_lead(offers[n % 2].source_key) for n in range(8)]
    bad = make_lead(offers[0].source_key, name=name)
    failures = intake.api.log.count("request failed")
    answers = intake.post([*leads[:4], bad, *leads[4:]])
    broken = answers.pop(4)
    broken.check_problem()
    assert broken.status == status
    intake.check_nothing_kept(bad)
    for lead, answer in zip(leads, answers, strict=True):
        intake.check_kept(lead, answer)
    assert intake.api.log.count("request failed") == failures + 1
    intake.check_invariants()


def test_an_offer_that_somebody_holds_keeps_no_other_offers_leads_waiting(intake: Intake) -> None:
    held, free = intake.add_offer(), intake.add_offer()
    leads = [make_lead(offer.source_key) for offer in (held, free, held, free)]
    with psycopg.connect(intake.api.database) as holder:
        holder.execute("select pg_advisory_xact_lock(2, market.offer_lock_key(%s))", [held.id])
        with intake.gathered(leads) as posts:
            answers = {n: posts[n].result(PATIENCE) for n in (1, 3)}
            assert not posts[0].done()
            assert not posts[2].done()
            assert intake.api.metric("leadgen_leads_in_hand") == 2
            holder.rollback()
            answers |= {n: posts[n].result(PATIENCE) for n in (0, 2)}
    for number, answer in answers.items():
        intake.check_kept(leads[number], answer)


def hold_up(intake: Intake, offer: Offer, leads: Sequence[Lead], others: Sequence[Lead]) -> None:
    """Hold an offer while leads for it arrive: those of others are answered meanwhile, one after the other."""
    with ThreadPoolExecutor(len(leads)) as pool:
        with psycopg.connect(intake.api.database) as holder:
            holder.execute("select pg_advisory_xact_lock(2, market.offer_lock_key(%s))", [offer.id])
            posts = [pool.submit(intake.api.post, lead) for lead in leads]
            wait_until(lambda: intake.api.metric("leadgen_leads_in_hand") == len(leads))
            for lead in others:
                intake.check_kept(lead, intake.api.post(lead))
            assert not any(post.done() for post in posts)
            waiting = f"select count(*) from {API_SESSIONS} and wait_event_type = 'Lock'"
            wait_until(lambda: intake.ask(waiting) == 1)
        for lead, post in zip(leads, posts, strict=True):
            intake.check_kept(lead, post.result(PATIENCE))
    intake.check_invariants()


def test_a_held_offer_keeps_one_connection_whatever_its_senders_say(database: str, tmp_path: Path) -> None:
    """Its leads come from forty pages of one source, and from ten sources."""
    with running_intake(database, tmp_path, 2) as intake:
        held, other = intake.add_offer(), intake.add_offer()
        page: dict[str, Any] = {"kind": "landing_page", "source_key": "roof", "hostname": "pages.example"}
        insert(intake.admin, "sources", offer_id=held.id, name="roof", **page)
        keys = [intake.catalogue.add_source(held.id) for _ in range(10)]
        pages = [
            make_lead("") | {"source_key": None, "landing_url": f"https://pages.example/{n}/roof"}
            for n in range(40)
        ]
        hold_up(intake, held, pages, [make_lead(other.source_key) for _ in range(20)])
        for _ in range(2):  # at first nobody knows whose sources they are
            sources = [make_lead(keys[n % 10]) for n in range(20)]
            hold_up(intake, held, sources, [make_lead(other.source_key) for _ in range(20)])


def hang_up(admin: psycopg.Connection) -> None:
    """End the API's sessions on the server's side."""
    admin.execute(f"select pg_terminate_backend(pid) from {API_SESSIONS}")


@pytest.fixture
def patient_batches(intake: Intake) -> Iterator[None]:
    """A batch waits as long as one lead by itself."""
    batch = "alter function leadgen.submit_leads(jsonb[], jsonb[], boolean) set lock_timeout"
    intake.admin.execute(f"{batch} = '1min'".encode())
    yield
    intake.admin.execute(f"{batch} = '1s'".encode())


@pytest.mark.usefixtures("patient_batches")
def test_a_batch_whose_session_is_killed_is_503_and_keeps_nothing(intake: Intake) -> None:
    offers = [intake.add_offer() for _ in range(2)]
    keys = [{"Idempotency_Key": f"key {n}"} for n in range(10)]
    leads = [make_lead(offers[n % 2].source_key) for n in range(10)]
    with psycopg.connect(intake.api.database) as holder:
        holder.execute(
            "select from leadgen.enrollment_usage u join leadgen.buyer_offers bo on bo.id = u.buyer_offer_id"
            " where bo.offer_id = %s for update of u",
            [offers[1].id],
        )
        with intake.gathered(leads, keys) as posts:
            wait_until(intake.is_waiting)  # some of its leads are written, this one is not
            hang_up(intake.admin)
            answers = [post.result(PATIENCE) for post in posts]
    for lead, answer in zip(leads, answers, strict=True):
        answer.check_problem()
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        intake.check_nothing_kept(lead)
    for lead, answer in zip(leads, intake.post(leads, keys), strict=True):
        intake.check_kept(lead, answer)
    intake.check_invariants()


def test_sessions_killed_under_load_lose_no_lead_and_double_none(database: str, tmp_path: Path) -> None:
    """Senders repeat what is not answered; in the end each has its lead, once, and all of it agrees."""
    with running_intake(database, tmp_path, 2) as intake:
        offers = [intake.add_offer() for _ in range(3)]
        leads = [make_lead(offers[n % 3].source_key) for n in range(240)]

        def deliver(lead: Lead) -> Answer:
            def post() -> Answer | None:
                answer = intake.api.post(lead, Idempotency_Key=f"key {lead['email']}")
                return None if answer.status == 503 else answer

            return wait_until(post, patience=120, pause=0) or pytest.fail("there was no answer")

        with ThreadPoolExecutor(24) as pool:
            posts = [pool.submit(deliver, lead) for lead in leads]
            for part in range(1, 9):
                wait_until(lambda part=part: sum(post.done() for post in posts) >= 20 * part)  # type: ignore[misc]
                hang_up(intake.admin)
            answers = [post.result(PATIENCE) for post in posts]
        for lead, answer in zip(leads, answers, strict=True):
            intake.check_kept(lead, answer)
        assert intake.api.metric(f"{ONE_CALL}_count") > intake.calls(1), "there were batches"
        intake.check_invariants()
