"""A policy that asks for mail servers, over HTTP, with a DNS server on loopback."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import psycopg
import pytest

from api.dns_server import SILENT, SLOW, DnsRig, dns_server
from api.serving import Answer, Api, add_catalogue, make_lead, running_api
from rig.cluster import Cluster

SECONDS = 1.0
ASK = """
update leadgen.validation_policies
set rules = '{"allowed_postal_codes": ["787*"], "duplicate_window_hours": 0, "mx_lookup_enabled": true}'
"""
STATUS = "select status from leadgen.mail_domains where domain = %s"
LEADS = "select count(*) from leadgen.leads where email = %s"

_numbers = count(1)


@pytest.fixture(scope="module")
def rig() -> Iterator[DnsRig]:
    with dns_server() as running:
        yield running


@pytest.fixture(scope="module")
def asking_api(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory, rig: DnsRig
) -> Iterator[Api]:
    """An API whose only policy looks mail domains up at the rig."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with psycopg.connect(database) as connection:
            connection.execute(ASK)
        directory = tmp_path_factory.mktemp("asking")
        seconds = str(SECONDS)
        with running_api(database, directory, DNS_SERVERS=rig.setting, MX_TIMEOUT_SECONDS=seconds) as running:
            yield running


@pytest.fixture
def asked_database(asking_api: Api) -> Iterator[psycopg.Connection]:
    """The database behind the API, with no domain known yet."""
    with psycopg.connect(asking_api.database, autocommit=True) as connection:
        connection.execute("truncate leadgen.mail_domains")
        yield connection


def post(api: Api, domain: str) -> Answer:
    return api.post(make_lead(email=f"jane{next(_numbers)}@{domain}"))


def codes(answer: Answer) -> list[str]:
    return [error["code"] for error in answer.json["detail"]["errors"]]


@pytest.mark.parametrize(
    ("domain", "status", "http"),
    [
        ("mail.example", "has_mail", 202),
        ("address.example", "has_mail", 202),
        ("null-mx.example", "no_mail", 400),
        ("no-such.example", "no_mail", 400),
        ("servfail.example", "unknown", 202),
    ],
)
def test_the_road_of_a_lead_with_a_lookup(
    domain: str, status: str, http: int, asking_api: Api, asked_database: psycopg.Connection
) -> None:
    answer = post(asking_api, domain)
    assert answer.status == http, answer.body
    if http == 400:
        assert codes(answer) == ["email_no_mx"]
    assert asked_database.execute(STATUS, [domain]).fetchone() == (status,)


def test_a_domain_that_is_known_is_not_asked_again(
    asking_api: Api, asked_database: psycopg.Connection, rig: DnsRig
) -> None:
    rig.asked.clear()
    assert post(asking_api, "mail.example").status == 202
    assert rig.asked["mail.example", "MX"] == 1
    assert post(asking_api, "mail.example").status == 202
    assert rig.asked["mail.example", "MX"] == 1


def test_a_lookup_makes_one_lead(asking_api: Api, asked_database: psycopg.Connection) -> None:
    lead = make_lead(email=f"once{next(_numbers)}@mail.example")
    first, second = asking_api.post(lead), asking_api.post(lead)
    assert (first.status, second.status) == (202, 202)
    assert first.json["lead_id"] == second.json["lead_id"]
    assert asked_database.execute(LEADS, [lead["email"]]).fetchone() == (1,)


@pytest.mark.usefixtures("asked_database")
def test_a_silent_server_delays_a_lead_by_the_deadline_and_no_more(asking_api: Api) -> None:
    started = time.monotonic()
    assert post(asking_api, SILENT).status == 202
    assert time.monotonic() - started < SECONDS + 2


@pytest.mark.usefixtures("asked_database")
def test_waiting_for_the_dns_holds_up_no_other_lead(asking_api: Api) -> None:
    """More leads wait for a silent server than there are connections; another is answered meanwhile."""
    post(asking_api, "mail.example")
    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(post, asking_api, SILENT) for _ in range(12)]
        threading.Event().wait(0.2)
        assert post(asking_api, "mail.example").status == 202
        assert not any(future.done() for future in waiting), "the other did not wait for them"
        assert {future.result().status for future in waiting} == {202}


def test_leads_of_one_domain_at_the_same_time_share_a_lookup(
    asking_api: Api, asked_database: psycopg.Connection, rig: DnsRig
) -> None:
    rig.asked.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(asking_api, SLOW), range(8)))
    assert {answer.status for answer in answers} == {202}
    assert rig.asked[SLOW, "MX"] <= 2, "one may come between the answer and its record"
    assert asked_database.execute(STATUS, [SLOW]).fetchone() == ("has_mail",)


def test_the_lookups_are_counted(asking_api: Api, asked_database: psycopg.Connection) -> None:
    post(asking_api, "no-such.example")
    assert asking_api.metric("leadgen_mail_domain_lookups_total", status="no_mail") > 0
