"""Running the API as a process of its own, talking to it, and the small catalogue behind it."""

import hashlib
import http.client
import json
import math
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen
from uuid import UUID

import psycopg
from prometheus_client.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from api.contract import check_answer
from leadgen.db.urls import with_role
from rig.catalogue import Catalogue, insert
from rig.forks import Fork
from rig.ports import free_port
from rig.waiting import PATIENCE, wait_until

SOURCE_KEY = "lg_source"  # of the source partner-austin
OPERATOR_KEY = "lg_operator"  # it reads
MONEY_KEY = "lg_operator_of_money"
BUYER_KEY = "lg_buyer"  # of the buyer Ann
OTHER_BUYER_KEY = "lg_other_buyer"  # of Bob, who buys nothing
REVOKED_BUYER_KEY = "lg_revoked_buyer"
REVOKED_KEY = "lg_revoked"

SERVE = "import sys; from leadgen.app.server import serve; serve('127.0.0.1', 0, int(sys.argv[1]))"

SENT_SMS = """
insert into leadgen.deliveries
  (market_id, lead_id, assignment_id, buyer_id, channel, target, status, attempts, endpoint_id)
select a.market_id, a.lead_id, a.id, a.buyer_id, 'sms', '+15125550100', 'sent', 1, d.endpoint_id
from leadgen.lead_assignments a
join leadgen.deliveries d on d.assignment_id = a.id and d.channel = 'webhook'
where a.id = %s
returning message_id
"""

_numbers = count(1)


def digest(key: str) -> str:
    """The form in which the database keeps a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def make_lead(**changes: object) -> dict[str, object]:
    """A lead that is sold, unlike any other; a field that is None is left out."""
    number = next(_numbers)
    lead: dict[str, object] = {
        "source_key": "austin-plumbing-v1",
        "name": "John Smith",
        "email": f"john{number}@example.com",
        "phone": f"+1737{2_000_000 + number}",
        "postal_code": "78701",
        "city": "Austin",
        "message": f"Emergency plumbing needed {number}",
    } | changes
    return {name: value for name, value in lead.items() if value is not None}


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def said(self) -> dict[str, Any]:
        """The members of a problem but for the id of its request."""
        return {name: value for name, value in self.json.items() if name != "instance"}

    @property
    def fields(self) -> list[str]:
        """The fields at fault that a problem names."""
        self.check_problem()
        return [error["field"] for error in self.json.get("errors", []) if "field" in error]

    def check_problem(self) -> None:
        """Assert that the answer is a problem as RFC 9457 has it."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        assert self.json["status"] == self.status
        assert self.json["type"].startswith("urn:leadgen:problem:")
        assert self.json["title"]
        assert self.json["detail"]


@dataclass
class Api:
    """A running API. `log` is what it wrote to standard error so far, from its character `log_start` on."""

    process: Fork
    log_file: Path
    database: str
    port: int = field(default=0)
    metrics_port: int = field(default=0)
    log_start: int = 0

    @property
    def log(self) -> str:
        """The log so far."""
        return self.log_file.read_text()[self.log_start :]

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; in header names `_` stands for `-`. An iterable body is sent in chunks.

        The answer must be one that the OpenAPI document describes.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        check_answer(method, path, *answer)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.request("GET", path, **headers)

    def post(self, body: Any, **headers: str) -> Answer:
        """POST /api/leads; a body that is no bytes is sent as JSON."""
        raw = json.dumps(body).encode() if isinstance(body, dict | list) else body
        return self.request("POST", "/api/leads", raw, **{"Content_Type": "application/json"} | headers)

    def send(self, request: bytes) -> Answer:
        """Send bytes that no HTTP library would, and read one answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            connection.sendall(request)
            response = http.client.HTTPResponse(connection)
            response.begin()
            with closing(response):
                return Answer(response.status, response.headers, response.read())

    def metrics(self) -> str:
        """What it tells Prometheus."""
        with urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE) as response:
            text: bytes = response.read()
        return text.decode()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels and no others."""
        families = text_string_to_metric_families(self.metrics())
        return sum(
            s.value for family in families for s in family.samples if s.name == name and s.labels == labels
        )

    def wait_until_running(self) -> None:
        """Wait until the server listens on the port that it says it took."""
        wait_until(self._is_running, lambda: self.log, PATIENCE)

    def _is_running(self) -> bool:
        assert self.process.poll() is None, self.log
        found = re.search(r"running on http://127\.0\.0\.1:(\d+)", self.log)
        if not found:
            return False
        self.port = int(found[1])
        try:
            return self.get("/health/live").status == 200
        except ConnectionRefusedError:  # the first of several processes has the port, none listens yet
            return False


def check_same_time(requests: Mapping[str, Callable[[], object]]) -> None:
    """Assert that all take about the same time: the fastest of 30, or of more where the machine is busy."""
    fastest = dict.fromkeys(requests, math.inf)

    def are_alike() -> bool:
        for _ in range(30):
            for name, request in requests.items():
                started = time.perf_counter()
                request()
                fastest[name] = min(fastest[name], time.perf_counter() - started)
        return max(fastest.values()) < 3 * min(fastest.values())

    wait_until(are_alike, lambda: fastest)


@contextmanager
def running_api(
    database: str, directory: Path, workers: int = 1, code: str = SERVE, **settings: str
) -> Iterator[Api]:
    """Serve a database's API as the role leadgen_api; unless a test killed it, it must stop on SIGTERM."""
    metrics_port = free_port()
    own = {"DATABASE_URL": with_role(database, "leadgen_api"), "API_METRICS_PORT": str(metrics_port)}
    environment = os.environ | own | settings
    log_file = directory / f"api-{next(_numbers)}.log"
    with log_file.open("wb") as log:
        process = Fork(code, [str(workers)], environment, log.fileno(), log.fileno())
    api = Api(process, log_file, database, metrics_port=metrics_port)
    try:
        api.wait_until_running()
        yield api
        if process.poll() is None:
            process.terminate()
            assert process.wait(PATIENCE) in (0, -signal.SIGTERM), api.log
    finally:
        process.kill()
        process.wait()


def add_catalogue(database: str) -> None:
    """Write the catalogue: an offer that sells every lead from 787xx in Austin to one buyer, for 45.00."""
    with psycopg.connect(database) as connection:
        catalogue = Catalogue(connection, timezone="America/Chicago")
        offer = catalogue.add_offer(
            {"on_no_buyer": None},
            {"allowed_postal_codes": ["787*"], "duplicate_window_hours": 0},
            source_key="austin-plumbing-v1",
            name="Austin plumbing",
        )
        catalogue.add_source(offer.id, "partner-austin", kind="partner_api", api_key_hash=digest(SOURCE_KEY))
        ann = catalogue.add_buyer(
            ("city", "Austin"),
            name="Ann",
            email="ann@buyer.example",
            webhook_url="https://buyer.example/",
            credit_limit=1_000_000,
        )
        catalogue.enroll(offer, ann)
        bob = catalogue.add_buyer(
            None, name="Bob", email="bob@buyer.example", phone="+15125550101", webhook_url=None
        )
        give_key(connection, BUYER_KEY, "Ann", buyer_id=ann)
        give_key(connection, OTHER_BUYER_KEY, "Bob", buyer_id=bob)
        give_key(connection, OPERATOR_KEY, "olga")
        give_key(connection, MONEY_KEY, "otto", scopes=["read", "money"])
        before = datetime.now(UTC)
        give_key(connection, REVOKED_BUYER_KEY, "Ann, before", buyer_id=ann, revoked_at=before)
        give_key(connection, REVOKED_KEY, "old", revoked_at=before)


def give_key(connection: psycopg.Connection, key: str, name: str, **columns: object) -> None:
    """Give a key to a buyer (buyer_id), a user (user_id) or the operator of this name."""
    kinds: dict[str, tuple[str, list[str]]] = {
        "buyer_id": ("buyer", ["read", "answer", "pay"]),
        "user_id": ("user", ["read"]),
    }
    kind, scopes = next((kinds[column] for column in columns if column in kinds), ("operator", ["read"]))
    given = {"kind": kind, "scopes": scopes} | columns
    insert(connection, "api_keys", name=name, key_hash=digest(key), **given)


def add_sale(connection: psycopg.Connection, **changes: object) -> int:
    """Sell a lead; returns the sale's id."""
    lead = Jsonb(make_lead(**changes))
    answer = connection.execute("select leadgen.submit_lead(%s)", [lead]).fetchone()
    assert answer
    query = "select id from leadgen.lead_assignments where lead_id = %s"
    row = connection.execute(query, [answer[0]["lead_id"]]).fetchone()
    assert row, answer
    return int(row[0])


def lapse_sale(connection: psycopg.Connection, sale: int) -> None:
    """Let the time end in which the buyer had to accept the sale."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute(
            "update leadgen.lead_assignments"
            " set acceptance = 'explicit', answer_by = now() - interval '1 minute' where id = %s",
            [sale],
        )
    connection.execute("select leadgen.settle_answers()")


def add_sms(connection: psycopg.Connection) -> UUID:
    """Sell a lead and say that a text message about it was handed to Twilio; returns the message's id."""
    row = connection.execute(SENT_SMS, [add_sale(connection)]).fetchone()
    assert row
    message: UUID = row[0]
    return message
