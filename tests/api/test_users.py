"""Users managed over HTTP by admins and owners, and passwords that users change themselves."""

import secrets
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from api.people import CHEAP, PASSWORD, WRONG, Browser, open_mail, refuse
from api.serving import Api, give_key
from leadgen.passwords import Challenge, compute_digest

USERS = "/api/v1/users"
NEW = "another horse battery"


@pytest.fixture(autouse=True)
def _let_tests_ask_often(shared_database: psycopg.Connection) -> None:
    """All tests come from one address, so nobody waits for the tries of another test."""
    shared_database.execute("delete from leadgen.sign_in_tries")


@pytest.fixture
def admin(api: Api, add_user: Callable[..., str]) -> Browser:
    """Signed in."""
    browser = Browser(api)
    assert browser.log_in(add_user()).status == 200
    return browser


@pytest.fixture
def owner(api: Api, add_user: Callable[..., str]) -> Browser:
    """Signed in as an owner of buyer 1."""
    browser = Browser(api)
    assert browser.log_in(add_user("buyer", buyer=1, member="owner")).status == 200
    return browser


def invite(browser: Browser, **fields: object) -> Any:
    """The user that is invited."""
    email = f"{secrets.token_hex(6)}@people.example"
    answer = browser.post(USERS, {"email": email, "name": "Ben Jones"} | fields)
    assert answer.status == 201, answer.body
    return answer.json["data"]


def test_an_owner_invites_a_member_who_comes_in_and_is_put_out(
    api: Api, owner: Browser, shared_database: psycopg.Connection
) -> None:
    made = invite(owner, role="buyer", member_kind="member")
    assert (made["status"], made["buyer_id"], made["member_kind"]) == ("pending", 1, "member")
    kind, token = open_mail(shared_database, made["email"])
    assert kind == "invite"
    ben = Browser(api)
    assert ben.post("reset-password", {"token": token, "password": PASSWORD}).status == 200
    assert ben.log_in(made["email"]).status == 200
    listed = {one["id"]: one for one in owner.get(USERS).json["data"]}
    assert listed[made["id"]]["status"] == "active"
    assert {one["buyer_id"] for one in listed.values()} == {1}
    assert owner.send("DELETE", f"{USERS}/{made['id']}/sessions").json["data"] == {"revoked": 1}
    assert refuse(ben.get("me")) == (401, "not-signed-in")
    stopped = owner.post(f"{USERS}/{made['id']}/status", {"status": "deactivated", "reason": "has left"})
    assert stopped.json["data"]["status"] == "deactivated"
    assert refuse(Browser(api).log_in(made["email"])) == (401, "sign-in-failed")
    assert refuse(owner.post(f"{USERS}/{made['id']}/reset")) == (409, "conflict")


def test_an_admin_approves_and_refuses_sign_ups(
    api: Api, admin: Browser, shared_database: psycopg.Connection
) -> None:
    emails = [f"{secrets.token_hex(6)}@people.example" for _ in range(2)]
    for email in emails:
        Browser(api).post(
            "signup", {"email": email, "password": PASSWORD, "name": "Sue", "company": "Sue Ltd"}
        )
        _, token = open_mail(shared_database, email)
        Browser(api).post("verify-email", {"token": token})
    waiting = {one["email"]: one for one in admin.get(f"{USERS}?status=pending").json["data"]}
    assert {waiting[email]["company"] for email in emails} == {"Sue Ltd"}
    ids = [waiting[email]["id"] for email in emails]
    assert admin.post(f"{USERS}/{ids[0]}/approve", {}).fields == ["buyer_id"]
    approved = admin.post(f"{USERS}/{ids[0]}/approve", {"buyer_id": 1}).json["data"]
    assert (approved["status"], approved["member_kind"]) == ("active", "owner")
    assert refuse(admin.post(f"{USERS}/{ids[0]}/approve", {"buyer_id": 1})) == (409, "conflict")
    refused = admin.post(f"{USERS}/{ids[1]}/status", {"status": "deactivated", "reason": "not a plumber"})
    assert refused.json["data"]["status"] == "deactivated"
    assert Browser(api).log_in(emails[0]).status == 200
    assert refuse(Browser(api).log_in(emails[1])) == (401, "sign-in-failed")


def test_users_come_in_pages(admin: Browser) -> None:
    ids = [one["id"] for one in admin.get(USERS).json["data"]]
    assert ids == sorted(ids)
    assert [one["id"] for one in admin.get(f"{USERS}?after={ids[0]}").json["data"]][: len(ids) - 1] == ids[1:]
    assert admin.get(f"{USERS}?after={'9' * 25}").json["data"] == []
    for query, field in (("status=gone", "status"), ("after=-1", "after"), ("after=x", "after")):
        answer = admin.get(f"{USERS}?{query}")
        assert (answer.status, answer.fields) == (400, [field])


def test_nobody_reaches_further_than_its_own(
    api: Api, owner: Browser, admin: Browser, add_user: Callable[..., str]
) -> None:
    me = owner.get("me").json["data"]["user"]["id"]
    other = admin.get("me").json["data"]["user"]["id"]
    stop = {"status": "deactivated", "reason": "a test"}
    assert refuse(owner.post(f"{USERS}/{other}/status", stop)) == (404, "not-found")
    assert refuse(owner.post(f"{USERS}/{me}/status", stop)) == (409, "conflict")
    assert refuse(owner.post(f"{USERS}/{2**63}/status", stop)) == (404, "not-found")
    mine = {"email": "x@people.example", "name": "X"}
    assert owner.post(USERS, mine | {"role": "admin"}).fields == ["role"]
    assert refuse(owner.post(USERS, mine | {"role": "buyer", "buyer_id": 2, "member_kind": "owner"})) == (
        404,
        "not-found",
    )
    member = Browser(api)
    member.log_in(add_user("buyer", buyer=1, member="member"))
    assert refuse(member.get(USERS)) == (403, "not-allowed")
    assert refuse(member.post(USERS, mine | {"role": "buyer"})) == (403, "not-allowed")
    owner.csrf = None
    assert refuse(owner.post(USERS, mine | {"role": "buyer"})) == (403, "not-our-page")


def test_a_new_password_ends_the_other_sessions(
    api: Api, browser: Browser, add_user: Callable[..., str], shared_database: psycopg.Connection
) -> None:
    email = add_user("finance")
    elsewhere = Browser(api)
    elsewhere.log_in(email)
    browser.log_in(email)
    row = shared_database.execute("select id from leadgen.users where email = %s", [email]).fetchone()
    assert row
    key = f"lg_{secrets.token_hex(16)}"
    give_key(shared_database, key, "a program", user_id=row[0])
    wrong = browser.post("password", {"password_now": WRONG, "password": NEW})
    assert (refuse(wrong), wrong.fields) == ((403, "wrong-password"), ["password_now"])
    weak = browser.post("password", {"password_now": PASSWORD, "password": "short"})
    assert (weak.status, weak.fields) == (400, ["password"])
    assert browser.post("password", {"password_now": PASSWORD, "password": NEW}).json["data"] == {
        "revoked": 1
    }
    assert browser.get("me").status == 200
    assert refuse(elsewhere.get("me")) == (401, "not-signed-in")
    assert api.get("/api/money/balances", X_API_Key=key).status == 200
    assert open_mail(shared_database, email)[0] == "password_changed"
    assert refuse(Browser(api).log_in(email)) == (401, "sign-in-failed")
    assert Browser(api).log_in(email, NEW).status == 200


def test_who_guesses_the_password_in_a_session_waits(browser: Browser, add_user: Callable[..., str]) -> None:
    browser.log_in(add_user())
    body = {"password_now": WRONG, "password": NEW}
    statuses = [browser.post("password", body).status for _ in range(5)]
    assert statuses == [403] * 5
    # The waits double from one second on, so on a slow machine, too, a try comes before its time.
    assert any(browser.post("password", body).status == 429 for _ in range(10))


def test_a_cheap_digest_is_computed_anew_at_the_next_sign_in(
    browser: Browser, add_user: Callable[..., str], shared_database: psycopg.Connection
) -> None:
    email = add_user()
    salt = secrets.token_bytes(16)
    digest = compute_digest(PASSWORD, Challenge(salt, 8192, 1, 1))
    shared_database.execute(
        "update leadgen.user_passwords p set salt = %s, memory_kib = 8192, passes = 1, lanes = 1, "
        "verifier = sha256(%s) from leadgen.users u where u.id = p.user_id and u.email = %s",
        [salt, digest, email],
    )
    cost = "select p.memory_kib, p.passes, p.lanes from leadgen.user_passwords p "
    cost += "join leadgen.users u on u.id = p.user_id where u.email = %s"
    assert refuse(browser.log_in(email, WRONG)) == (401, "sign-in-failed")
    assert shared_database.execute(cost, [email]).fetchone() == (8192, 1, 1)
    assert browser.log_in(email).status == 200
    assert shared_database.execute(cost, [email]).fetchone() == CHEAP
    assert browser.get("me").status == 200
    assert browser.log_in(email).status == 200
