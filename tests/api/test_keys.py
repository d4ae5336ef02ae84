"""Keys over HTTP: people make, replace and revoke their own, each does what its scopes say, and uses are noted."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from api.people import Browser, change_status, refuse
from api.serving import MONEY_KEY, SOURCE_KEY, Api, digest, give_key, make_lead, running_api
from leadgen.api_keys import KINDS, LETTERS, make_key
from leadgen.app.key_uses import KeyUses
from leadgen.app.problems import UNAVAILABLE, Problem
from rig.waiting import PATIENCE

KEYS = "/api/v1/keys"


@pytest.fixture
def buyer(shared_database: psycopg.Connection) -> int:
    """The id of Ann, who buys."""
    row = shared_database.execute("select id from leadgen.buyers where name = 'Ann'").fetchone()
    assert row
    return int(row[0])


@pytest.fixture
def owner(browser: Browser, add_user: Callable[..., str], buyer: int) -> Browser:
    """Signed in as an owner of Ann."""
    assert browser.log_in(add_user("buyer", buyer=buyer, member="owner")).status == 200
    return browser


def make(browser: Browser, **fields: object) -> Any:
    """A new key, as it is answered."""
    answer = browser.post(KEYS, {"kind": "buyer", "name": "our CRM"} | fields)
    assert answer.status == 201, answer.body
    return answer.json["data"]


def balance(api: Api, key: str) -> int:
    """The status of the buyer's balance with this key."""
    return api.get("/api/balance", Authorization=f"Bearer {key}").status


def test_a_key_says_what_it_is() -> None:
    made = {make_key(kind).text for kind in KINDS for _ in range(50)}
    assert len(made) == 50 * len(KINDS)
    for kind, letter in KINDS.items():
        key = make_key(kind)
        assert key.text.startswith(f"lg_{letter}_{key.prefix}_")
        assert key.digest == digest(key.text)
        secret = key.text.rpartition("_")[2]
        assert len(set(LETTERS)) == 32
        assert (len(secret), set(secret) <= set(LETTERS)) == (32, True)  # 5 bits each: 160


def test_an_owner_makes_replaces_and_revokes_a_key_of_its_buyer(
    api: Api, owner: Browser, shared_database: psycopg.Connection
) -> None:
    made = make(owner, scopes=["read"])
    assert made["scopes"] == ["read"]
    assert made["key"].startswith(f"lg_b_{made['prefix']}_")
    assert balance(api, made["key"]) == 200
    replaced = owner.post(f"{KEYS}/{made['id']}/rotate", {"overlap_hours": 1}).json["data"]
    assert replaced["replaces"]["id"] == made["id"]
    assert (balance(api, made["key"]), balance(api, replaced["key"])) == (200, 200)
    shared_database.execute("update leadgen.api_keys set expires_at = now() where id = %s", [made["id"]])
    assert (balance(api, made["key"]), balance(api, replaced["key"])) == (401, 200)
    ended = owner.send("DELETE", f"{KEYS}/{replaced['id']}")
    assert ended.json == {"success": True, "data": {"revoked": True}}
    assert balance(api, replaced["key"]) == 401
    listed = {one["id"]: one for one in owner.get(KEYS).json["data"]}
    assert listed[replaced["id"]]["revoked_at"]
    assert "key" not in listed[replaced["id"]]


def test_every_refused_key_is_answered_alike(api: Api, owner: Browser) -> None:
    made = make(owner)
    owner.send("DELETE", f"{KEYS}/{made['id']}")
    ended = make(owner)
    owner.post(f"{KEYS}/{ended['id']}/rotate", {"overlap_hours": 0})
    keys = [made["key"], ended["key"], make_key("buyer").text, MONEY_KEY, SOURCE_KEY]
    answers = [api.get("/api/balance", Authorization=f"Bearer {key}") for key in keys]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.json["detail"] for answer in answers}) == 1


def test_a_key_does_what_its_scopes_say(api: Api, owner: Browser) -> None:
    key = make(owner, scopes=["read"])["key"]
    accept = api.request("POST", "/api/assignments/1/accept", Authorization=f"Bearer {key}")
    assert (refuse(accept), accept.fields) == ((403, "forbidden"), ["scopes"])


def test_a_users_key_does_what_its_user_may_and_ends_with_it(
    api: Api, browser: Browser, add_user: Callable[..., str], shared_database: psycopg.Connection
) -> None:
    email = add_user("finance")
    browser.log_in(email)
    key = make(browser, kind="user", scopes=["read", "money"])["key"]
    assert key.startswith("lg_u_")
    assert api.get("/api/money/balances", Authorization=f"Bearer {key}").status == 200
    assert balance(api, key) == 401
    assert refuse(Browser(api).get("me", Authorization=f"Bearer {key}")) == (401, "not-signed-in")
    change_status(shared_database, email, "suspended")
    assert api.get("/api/money/balances", Authorization=f"Bearer {key}").status == 401


def test_nobody_sees_or_ends_anothers(
    api: Api, owner: Browser, add_user: Callable[..., str], buyer: int
) -> None:
    made = make(owner)
    others = {
        "admin": add_user(),
        "member": add_user("buyer", buyer=buyer, member="member"),
        "another's owner": add_user("buyer", buyer=buyer + 1, member="owner"),
    }
    for email in others.values():
        other = Browser(api)
        other.log_in(email)
        assert made["id"] not in {one["id"] for one in other.get(KEYS).json["data"]}
        assert refuse(other.send("DELETE", f"{KEYS}/{made['id']}")) == (404, "not-found")
        assert refuse(other.post(f"{KEYS}/{made['id']}/rotate", {})) == (404, "not-found")
    member = Browser(api)
    member.log_in(others["member"])
    assert member.post(KEYS, {"kind": "buyer", "name": "mine"}).fields == ["kind"]
    assert refuse(member.send("DELETE", f"{KEYS}/{2**63}")) == (404, "not-found")
    assert balance(api, made["key"]) == 200


def test_a_cookie_alone_makes_no_key(api: Api, owner: Browser) -> None:
    owner.csrf = None
    assert refuse(owner.post(KEYS, {"kind": "user", "name": "a"})) == (403, "not-our-page")
    assert refuse(Browser(api).post(KEYS, {"kind": "user", "name": "a"})) == (401, "not-signed-in")


def test_an_old_session_makes_no_key(owner: Browser, shared_database: psycopg.Connection) -> None:
    shared_database.execute("update leadgen.user_sessions set created_at = now() - interval '16 minutes'")
    assert refuse(owner.post(KEYS, {"kind": "user", "name": "a"})) == (403, "sign-in-again")
    assert owner.get(KEYS).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "a"}, "kind"),
        ({"kind": "source", "name": "a"}, "kind"),
        ({"kind": "user"}, "name"),
        ({"kind": "user", "name": " "}, "name"),
        ({"kind": "user", "name": "a\nb"}, "name"),
        ({"kind": "user", "name": "a", "scopes": "read"}, "scopes"),
        ({"kind": "user", "name": "a", "scopes": ["money"]}, "scopes"),
        ({"kind": "user", "name": "a", "scopes": []}, "scopes"),
        ({"kind": "user", "name": "a", "expires_at": "tomorrow"}, "expires_at"),
        ({"kind": "user", "name": "a", "expires_at": "2099-01-01"}, "expires_at"),
        ({"kind": "user", "name": "a", "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"kind": "user", "name": "a", "colour": "red"}, "colour"),
    ],
)
def test_what_is_malformed_is_named(owner: Browser, body: Any, field: str) -> None:
    answer = owner.post(KEYS, body)
    assert (answer.status, answer.fields) == (400, [field])


def test_an_overlap_is_a_number_of_hours(owner: Browser) -> None:
    made = make(owner)
    for hours in (-1, 2161, "24", 1.5, True):
        answer = owner.post(f"{KEYS}/{made['id']}/rotate", {"overlap_hours": hours})
        assert (answer.status, answer.fields) == (400, ["overlap_hours"])


def test_uses_are_written_when_the_process_stops(
    api: Api, shared_database: psycopg.Connection, tmp_path: Any
) -> None:
    key = make_key("operator").text
    give_key(shared_database, key, "una")
    query = "select last_used_at is not null from leadgen.api_keys where key_hash = %s"
    with running_api(api.database, tmp_path) as another:
        assert another.get("/api/money/balances", Authorization=f"Bearer {key}").status == 200
        assert another.post(make_lead(source_key=None), X_API_Key=SOURCE_KEY).status == 202
        assert shared_database.execute(query, [digest(key)]).fetchone() == (False,)
    assert shared_database.execute(query, [digest(key)]).fetchone() == (True,)
    assert shared_database.execute(query, [digest(SOURCE_KEY)]).fetchone() == (True,)


async def test_uses_that_the_database_does_not_take_are_kept() -> None:
    written: list[list[str]] = []
    is_written = asyncio.Event()
    fails = True

    async def write(hashes: list[str], moments: list[datetime]) -> int:
        assert all(datetime.now(UTC) - moment < timedelta(minutes=1) for moment in moments)
        if fails:
            raise Problem(UNAVAILABLE, "away")
        written.append(sorted(hashes))
        is_written.set()
        return len(hashes)

    uses = KeyUses(write, pause=0.001)
    for key in "aabc":
        uses.note(key)
    await uses.flush()
    assert written == []
    fails = False
    uses.note("d")
    running = asyncio.create_task(uses.run())
    await asyncio.wait_for(is_written.wait(), PATIENCE)
    running.cancel()
    assert written == [["a", "b", "c", "d"]]
