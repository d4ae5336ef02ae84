"""Persons who come by every way in are sold, fail to arrive, are returned and erased, and are nowhere in clear.

Looked through: a dump, the files of the tables once they were vacuumed, the server's log with every statement in it,
and the logs of API and worker. Not the WAL: what plain SQL stored clear is in it until it is recycled.
"""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple
from urllib.parse import urlencode

import psycopg
import pytest
from aiohttp import web
from psycopg.types.json import Jsonb

from api.serving import BUYER_KEY, SOURCE_KEY, Api, add_catalogue, digest, running_api
from leadgen.db.binaries import find_binaries
from leadgen.db.cluster import Cluster
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_role
from leadgen.sealing.keyring import make_key
from leadgen.settings import Settings
from rig.catalogue import Catalogue
from rig.cluster import FAST
from rig.deploys import deploy_small
from rig.guard import server_directory
from rig.waiting import wait_until_async
from worker.conftest import Worker, running_worker
from worker.receivers import http_endpoint

KEYS = make_key("first")
Run = Callable[..., str]
TALKATIVE = f"""{FAST}
log_statement = 'all'
log_min_duration_statement = 0
log_min_error_statement = 'debug5'
log_error_verbosity = 'verbose'
"""
WAYS = [
    "json",
    "form",
    "batch",
    "batchtwo",
    "import",
    "network",
    "plain",
    "rejected",
    "unclaimed",
    "refused",
    "dry",
    "returned",
    "erased",
    "failing",
    "held",
    "reused",
    "broken",
]
MAP_GOOGLE = """
insert into leadgen.source_maps (source_id, field_map_id)
select s.id, m.id from leadgen.sources s, leadgen.field_maps m
where s.source_key = 'google' and m.slug = 'google-ads-lead-form'
"""
MEASURE = "select leadgen.measure_sealing()"


class Person(NamedTuple):
    """Somebody whose every word is found nowhere else."""

    way: str
    number: int

    @property
    def lead(self) -> dict[str, Any]:
        """The person's lead."""
        return {
            "source_key": "austin-plumbing-v1",
            "name": f"Zq{self.way}x Vw{self.way}y",
            "email": f"qz{self.way}k@{self.way}persona.com",
            "phone": self.phone,
            "postal_code": "78701",
            "city": "Austin",
            "message": f"Please ask for wz{self.way}h at the door",
        }

    @property
    def phone(self) -> str:
        """The phone in E.164."""
        return f"+1737555{7100 + self.number}"

    @property
    def words(self) -> list[str]:
        """What must be nowhere."""
        way = self.way
        return [f"zq{way}x", f"vw{way}y", f"qz{way}k", f"{way}persona", self.phone[2:], f"wz{way}h"]


PEOPLE = {way: Person(way, number) for number, way in enumerate(WAYS)}


@pytest.fixture(scope="module")
def talkative() -> Iterator[Cluster]:
    """A server of its own that logs all that it can, on disk."""
    with server_directory() as directory:
        server = EmbeddedServer(directory, conf=TALKATIVE)
        server.start()
        yield Cluster(server)


@asynccontextmanager
async def echoing_endpoint() -> AsyncIterator[Any]:
    """A receiver that says what it was sent: a lead called failing is refused, with an error page."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.text()
        return web.Response(status=500 if "Zqfailingx" in body else 200, text=f"<h1>Got {body}</h1>")

    async with http_endpoint(answer, secret=None) as endpoint:
        yield endpoint


def post_all(api: Api, database: str, tmp_path: Path, run: Run) -> None:
    """Every way in."""
    for way in ("json", "returned", "erased", "failing"):
        assert api.post(PEOPLE[way].lead).status == 202
    headers = {"Content_Type": "application/x-www-form-urlencoded"}
    assert api.request("POST", "/api/leads", urlencode(PEOPLE["form"].lead), **headers).status == 202
    batch = {"leads": [without_source(way) for way in ("batch", "batchtwo")]}
    path, keyed = "/api/leads/batch", {"Content_Type": "application/json", "X_API_Key": SOURCE_KEY}
    answer = api.request("POST", path, json.dumps(batch), **keyed)
    assert [lead["status"] for lead in answer.json["leads"]] == [202, 202], answer.body
    network = PEOPLE["network"].lead
    columns = (
        ("CITY", "city"),
        ("FULL_NAME", "name"),
        ("EMAIL", "email"),
        ("PHONE_NUMBER", "phone"),
        ("POSTAL_CODE", "postal_code"),
    )
    post = {
        "google_key": "lg_typed",
        "lead_id": "TeSter-1",
        "form_id": 1,
        "campaign_id": 1,
        "user_column_data": [
            {"column_id": column, "string_value": network[field]} for column, field in columns
        ],
    }
    answer = api.request(
        "POST", "/api/sources/google/leads", json.dumps(post), Content_Type="application/json"
    )
    assert answer.status == 200, answer.body
    assert api.post({**PEOPLE["rejected"].lead, "postal_code": "10001"}).status == 400
    assert api.post({**PEOPLE["unclaimed"].lead, "source_key": "nobody"}).status == 422
    assert api.post({**PEOPLE["refused"].lead, "surname": "unknown field"}).status == 400
    reused = {**PEOPLE["reused"].lead, "idempotency_key": "k1"}
    assert api.post(reused).status == 202
    assert api.post({**reused, "message": PEOPLE["reused"].lead["message"] + " now"}).status == 422
    with psycopg.connect(database, autocommit=True) as session:
        session.execute("alter table leadgen.leads add constraint never check (source_id < 0) not valid")
        assert api.post(PEOPLE["broken"].lead).status >= 500
        session.execute("alter table leadgen.leads drop constraint never")
    held = {**PEOPLE["held"].lead, "source_key": "night"}
    assert api.post(held).json["outcome"] == "held"

    with psycopg.connect(database, autocommit=True) as session:
        session.execute("set log_parameter_max_length = 0")
        session.execute("select leadgen.submit_lead(%s)", [Jsonb(PEOPLE["plain"].lead)])
    file = tmp_path / "import.csv"
    lead = without_source("import")
    file.write_text(",".join(lead) + "\n" + ",".join(map(str, lead.values())) + "\n")
    run("import", str(file), "--source", "austin-plumbing-v1")
    file.unlink()
    file = tmp_path / "dry.json"
    file.write_text(json.dumps(PEOPLE["dry"].lead))
    assert "Zq" not in run("dry-run", str(file))
    file.unlink()


def without_source(way: str) -> dict[str, Any]:
    """A person's lead that does not name its source."""
    return {name: value for name, value in PEOPLE[way].lead.items() if name != "source_key"}


def find_lead(run: Run, way: str) -> int:
    """A person's lead by the digest of the phone."""
    (found,) = json.loads(run("find", PEOPLE[way].phone, "--json"))
    return int(found["lead_id"])


async def test_no_person_is_found(
    talkative: Cluster, tmp_path: Path, leadgen_here: Callable[..., CompletedProcess[str]]
) -> None:
    database = talkative.create("market")

    def run(*arguments: str) -> str:
        """Run a command with the keys; what it printed."""
        done = leadgen_here(*arguments, DATABASE_URL=database, PII_KEYS=KEYS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    deploy_small(database, Settings(environment="development"))
    add_catalogue(database)
    async with echoing_endpoint() as endpoint:
        with psycopg.connect(database, autocommit=True) as session:
            prepare(session, endpoint.url)
            with running_api(database, tmp_path, PII_KEYS=KEYS, ENVIRONMENT="development") as api:
                await asyncio.to_thread(post_all, api, database, tmp_path, run)
                async with running_worker(
                    with_role(database, "leadgen_worker"), pii_keys=KEYS, webhook_retry_delay=0.1
                ) as worker:
                    await deliver_all(session, worker)
                    sale = session.execute(
                        "select id from leadgen.lead_assignments where lead_id = %s",
                        [find_lead(run, "returned")],
                    ).fetchone()
                    assert sale
                    check_buyer(api, int(sale[0]))
                run("erase", str(find_lead(run, "erased")), "--reason", "asked", "--yes")
                run("verify")
                log = api.log
            session.execute("vacuum full")
            session.execute("checkpoint")
    assert len(endpoint.requests) >= len(PEOPLE) - 6
    texts = await asyncio.to_thread(read_all, talkative, database, tmp_path)
    texts |= {"API's log": log, "worker's log": "".join(worker.lines)}
    (server_log,) = (text for place, text in texts.items() if place.endswith("postgresql.log"))
    assert "Failing row contains" in server_log
    assert "leadgen.submit_lead" in server_log
    wanted = {word.lower() for person in PEOPLE.values() for word in person.words}
    pattern = re.compile("|".join(map(re.escape, sorted(wanted))))
    found = {
        (place, match[0], text[max(0, match.start() - 60) : match.end() + 20])
        for place, text in texts.items()
        for match in list(pattern.finditer(text.lower()))[:3]
    }
    assert not found


def read_all(cluster: Cluster, database: str, directory: Path) -> dict[str, str]:
    """A dump, and all files of the server, which is stopped, and of a directory."""
    command = [find_binaries()["pg_dump"], database]
    dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    cluster.server.stop()
    files = [*list_files(cluster.server), *(path for path in directory.rglob("*") if path.is_file())]
    return {"dump": dump} | {str(path): path.read_bytes().decode("latin-1") for path in files}


def prepare(session: psycopg.Connection[Any], url: str) -> None:
    """Ann's webhook, a network, and an offer that nobody buys."""
    session.execute("update leadgen.settings set allows_local_webhooks = true")
    session.execute("update leadgen.rate_limits set is_active = false")
    session.execute(
        "update leadgen.buyers set webhook_url = %s, email_notifications = false where name = 'Ann'", [url]
    )
    catalogue = Catalogue(session)
    (offer,) = session.execute("select id from leadgen.offers").fetchone() or (0,)
    catalogue.add_source(offer, "google", kind="partner_api", api_key_hash=digest("lg_typed"))
    session.execute(MAP_GOOGLE)
    catalogue.add_offer({"on_no_buyer": "hold"}, source_key="night", name="At night")


async def deliver_all(session: psycopg.Connection[Any], worker: Worker) -> None:
    """Until every delivery has been tried, and all that came clear is sealed."""

    def is_done() -> bool:
        found: dict[str, Any] = (session.execute(MEASURE).fetchone() or ({},))[0]
        (open_,) = session.execute(
            "select count(*) from leadgen.deliveries where status in ('pending', 'sending') and attempts = 0"
        ).fetchone() or (0,)
        (failed,) = session.execute(
            "select count(*) from leadgen.delivery_attempts where outcome = 'failed'"
        ).fetchone() or (0,)
        return found["waiting"] == 0 and not found["walks"] and open_ == 0 and failed > 0

    def explain() -> str:
        states = session.execute(
            "select channel, status, attempts, last_error, count(*) from leadgen.deliveries group by 1, 2, 3, 4"
        ).fetchall()
        return f"{session.execute(MEASURE).fetchone()} {states} {''.join(worker.lines)}"

    await wait_until_async(is_done, explain)


def check_buyer(api: Api, sale: int) -> None:
    """The buyer sees its lead whole, and gives it back."""
    shown = api.get(f"/api/assignments/{sale}", X_API_Key=BUYER_KEY)
    assert shown.json["lead"]["name"] == PEOPLE["returned"].lead["name"]
    assert shown.json["lead"]["phone"] == PEOPLE["returned"].phone
    assert "sealed" not in shown.json
    body = json.dumps({"reason": "other", "note": "not what we buy"})
    path = f"/api/assignments/{sale}/return"
    answer = api.request("POST", path, body, Content_Type="application/json", X_API_Key=BUYER_KEY)
    assert answer.status == 200, answer.body


def list_files(server: EmbeddedServer) -> list[Path]:
    """The server's log and all of its files, but the WAL."""
    return [
        path
        for path in server.state.rglob("*")
        if path.is_file() and "pg_wal" not in path.parts and not path.is_symlink()
    ]
