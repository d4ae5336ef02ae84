"""People sign up, in and out over HTTP: one answer for every failure, cookies, links in e-mails, codes."""

import math
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pyotp
import pytest

from api.people import (
    DEVICE,
    NOBODY,
    PASSWORD,
    SERVE_CHEAP,
    SESSION,
    WRONG,
    Browser,
    change_status,
    open_mail,
    refuse,
)
from api.people import add_user as make_user
from api.serving import Answer, Api, running_api
from rig.waiting import wait_until


@pytest.fixture(autouse=True)
def _let_tests_ask_often(shared_database: psycopg.Connection) -> None:
    """All tests come from one address, so nobody waits for the tries of another test."""
    shared_database.execute("delete from leadgen.sign_in_tries")


FAILED = (401, "sign-in-failed")


def test_a_user_signs_in_and_out(browser: Browser, add_user: Callable[..., str]) -> None:
    email = add_user()
    answer = browser.log_in(email.upper())
    assert answer.status == 200
    data = answer.json["data"]
    assert answer.json["success"] is True
    assert (data["user"]["email"], data["user"]["role"], data["token"]) == (email, "admin", None)
    lines = answer.headers.get_all("Set-Cookie") or []
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("__Host-leadgen_")
        parts = {part.strip().lower() for part in line.split(";")}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    me = browser.get("me")
    assert (me.status, me.json["data"]["user"]["email"]) == (200, email)
    assert me.json["data"]["csrf_token"] == browser.csrf
    assert browser.post("logout").status == 200
    assert SESSION not in browser.cookies
    assert refuse(browser.get("me")) == (401, "not-signed-in")


def test_every_failed_sign_in_is_answered_alike(
    browser: Browser, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    users = {status: add_user() for status in ("active", "suspended", "deactivated")}
    for status in ("suspended", "deactivated"):
        change_status(shared_database, users[status], status)
    pending = f"{secrets.token_hex(6)}@people.example"
    assert browser.post("signup", {"email": pending, "password": PASSWORD, "name": "P"}).status == 202
    answers = [
        browser.log_in(NOBODY),
        browser.log_in(users["active"], WRONG),
        browser.log_in(users["suspended"]),
        browser.log_in(users["deactivated"]),
        browser.log_in(pending),
        browser.log_in(users["active"], WRONG, code="123456"),
    ]
    assert {refuse(answer) for answer in answers} == {FAILED}
    assert all(answer.said == answers[0].said for answer in answers)
    assert len({len(answer.body) for answer in answers}) == 1
    names = [{name.lower() for name in answer.headers} - {"date"} for answer in answers]
    assert all(one == names[0] for one in names)
    assert not browser.cookies


def test_every_failed_sign_in_takes_the_same_time(
    database: str, connect: Callable[..., psycopg.Connection], tmp_path: Path
) -> None:
    """With passwords that cost what they cost, or there would be nothing to hide."""
    session = connect()
    known, suspended = (make_user(session, "admin") for _ in range(2))
    change_status(session, suspended, "suspended")
    with running_api(database, tmp_path) as api:
        assert Browser(api).log_in(known).status == 200

        def fail(email: str, password: str) -> Callable[[], object]:
            def request() -> None:
                session.execute("delete from leadgen.sign_in_tries")
                assert Browser(api).log_in(email, password).status == 401

            return request

        requests = {
            "unknown": fail(NOBODY, PASSWORD),
            "wrong password": fail(known, WRONG),
            "suspended": fail(suspended, PASSWORD),
        }
        fastest = dict.fromkeys(requests, math.inf)

        def are_alike() -> bool:
            for name, request in requests.items():
                started = time.perf_counter()
                request()
                fastest[name] = min(fastest[name], time.perf_counter() - started)
            return max(fastest.values()) < 1.5 * min(fastest.values())

        for _ in range(3):
            are_alike()
        wait_until(are_alike, lambda: fastest)


def test_a_session_that_was_there_before_is_not_taken_over(
    api: Api, browser: Browser, add_user: Callable[..., str]
) -> None:
    email = add_user()
    planted = secrets.token_urlsafe(32)
    browser.cookies = {SESSION: planted, DEVICE: planted}
    assert browser.log_in(email).status == 200
    assert planted not in browser.cookies.values()
    assert refuse(Browser(api, {SESSION: planted}).get("me")) == (401, "not-signed-in")
    before = dict(browser.cookies)
    assert browser.log_in(email).status == 200
    assert before[SESSION] != browser.cookies[SESSION]
    assert before[DEVICE] != browser.cookies[DEVICE]
    assert refuse(Browser(api, before).get("me")) == (401, "not-signed-in"), "the session before has ended"


def test_a_cookie_alone_changes_nothing(api: Api, browser: Browser, add_user: Callable[..., str]) -> None:
    browser.log_in(add_user())
    stranger = Browser(api, browser.cookies)
    for method, path in (("POST", "logout"), ("DELETE", "sessions"), ("POST", "totp")):
        assert refuse(stranger.send(method, path)) == (403, "not-our-page")
        assert refuse(stranger.send(method, path, X_CSRF_Token="0" * 64)) == (403, "not-our-page")
        foreign = browser.send(method, path, Origin="https://evil.example")
        assert refuse(foreign) == (403, "not-our-page")
    assert refuse(browser.log_in("a@b.example")) == FAILED
    for origin in ("null", "http://[::1", "//", f"https://evil.example@127.0.0.1:{api.port}"):
        assert refuse(browser.post("login", {}, Origin=origin)) == (403, "not-our-page")
    assert browser.get("me").status == 200, "nothing of it signed the user out"
    assert browser.post("logout", Origin=f"http://127.0.0.1:{api.port}").status == 200


def test_a_program_has_a_bearer_token(api: Api, browser: Browser, add_user: Callable[..., str]) -> None:
    answer = browser.log_in(add_user(), session="bearer")
    assert answer.headers.get_all("Set-Cookie") is None
    data = answer.json["data"]
    assert data["csrf_token"] is None
    bearer = {"Authorization": f"Bearer {data['token']}"}
    program = Browser(api)
    assert program.get("me", **bearer).json["data"]["user"] == data["user"]
    assert program.post("logout", **bearer).status == 200
    assert refuse(program.get("me", **bearer)) == (401, "not-signed-in")
    assert refuse(program.get("me", Authorization="Bearer lg_x")) == (401, "not-signed-in")
    assert refuse(program.get("me", Authorization="Basic eDp5")) == (401, "not-signed-in")


def test_sessions_are_listed_and_ended(api: Api, browser: Browser, add_user: Callable[..., str]) -> None:
    email, other = add_user(), Browser(api)
    browser.log_in(email)
    laptop = Browser(api)
    laptop.log_in(email)
    other.log_in(add_user())
    found = browser.get("sessions").json["data"]
    assert [one["is_current"] for one in found] == [False, True]
    (foreign,) = other.get("sessions").json["data"]
    assert refuse(browser.send("DELETE", f"sessions/{foreign['id']}")) == (404, "not-found")
    assert refuse(browser.send("DELETE", f"sessions/{2**70}")) == (404, "not-found")
    assert browser.send("DELETE", f"sessions/{found[0]['id']}").json["data"] == {"revoked": 1}
    assert refuse(laptop.get("me")) == (401, "not-signed-in")
    assert browser.send("DELETE", "sessions").json["data"] == {"revoked": 1}
    assert refuse(browser.get("me")) == (401, "not-signed-in")
    assert other.get("me").status == 200


def test_a_suspended_user_is_out_at_once(
    browser: Browser, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    email = add_user()
    browser.log_in(email)
    change_status(shared_database, email, "suspended")
    assert refuse(browser.get("me")) == (401, "not-signed-in")
    change_status(shared_database, email, "active")
    assert refuse(browser.get("me")) == (401, "not-signed-in"), "the session does not come back"


def test_a_buyer_signs_up(browser: Browser, shared_database: psycopg.Connection) -> None:
    email = f"{secrets.token_hex(6)}@people.example"
    body = {"email": email, "password": PASSWORD, "name": "Sid", "company": "Sid & Co."}
    first = browser.post("signup", body)
    assert (first.status, first.json["data"]) == (202, {"status": "check_mail"})
    kind, token = open_mail(shared_database, email)
    assert kind == "verify"
    assert browser.post("verify-email", {"token": token}).json["data"] == {"status": "pending"}
    assert refuse(browser.post("verify-email", {"token": token})) == (404, "not-found")
    assert refuse(browser.log_in(email)) == FAILED
    shared_database.execute(
        "select leadgen.approve_user(u.id, (select min(b.id) from leadgen.buyers b))"
        " from leadgen.users u where u.email = %s",
        [email],
    )
    assert browser.log_in(email).json["data"]["user"]["member_kind"] == "owner"
    again = browser.post("signup", body | {"password": WRONG})
    assert (again.status, again.body) == (first.status, first.body)
    assert refuse(browser.log_in(email, WRONG)) == FAILED


def test_a_forgotten_password_is_set_by_a_link(
    api: Api, browser: Browser, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    email = add_user()
    browser.log_in(email)
    known = browser.post("forgot-password", {"email": email})
    unknown = browser.post("forgot-password", {"email": NOBODY})
    assert (known.status, known.body) == (unknown.status, unknown.body)
    kind, token = open_mail(shared_database, email)
    assert kind == "reset"
    weak = browser.post("reset-password", {"token": token, "password": "short"})
    assert (refuse(weak)[0], weak.fields) == (400, ["password"])
    visitor = Browser(api)
    assert visitor.post("reset-password", {"token": token, "password": WRONG}).status == 200
    assert DEVICE in visitor.cookies
    assert refuse(visitor.post("reset-password", {"token": token, "password": WRONG})) == (404, "not-found")
    assert refuse(browser.get("me")) == (401, "not-signed-in")
    assert refuse(browser.log_in(email)) == FAILED
    assert visitor.log_in(email, WRONG).status == 200


def test_an_app_gives_codes(browser: Browser, add_user: Callable[..., str]) -> None:
    email = add_user()
    browser.log_in(email)
    made = browser.post("totp").json["data"]
    assert pyotp.parse_uri(made["uri"]).name == email
    app = pyotp.TOTP(made["secret"])
    assert refuse(browser.post("totp/confirm", {"code": "12345"})) == (403, "wrong-code")
    code = app.now()
    codes = browser.post("totp/confirm", {"code": code}).json["data"]["recovery_codes"]
    assert len(set(codes)) == 10
    assert refuse(browser.post("totp")) == (409, "conflict")
    assert browser.get("me").json["data"]["user"]["has_totp"] is True
    assert refuse(browser.log_in(email)) == (401, "code-needed")
    assert refuse(browser.log_in(email, WRONG)) == FAILED
    assert refuse(browser.log_in(email, code=code)) == FAILED, "a code is used once"
    assert browser.log_in(email, code=codes[0].lower()).status == 200
    assert refuse(browser.log_in(email, code=codes[0])) == FAILED
    renewed = browser.post("totp/recovery-codes", {"code": codes[1]}).json["data"]["recovery_codes"]
    assert not set(codes) & set(renewed)
    assert refuse(browser.post("totp/remove", {"code": codes[2]})) == (403, "wrong-code")
    assert browser.post("totp/remove", {"code": renewed[0]}).json["data"] == {"status": "removed"}
    assert refuse(browser.post("totp/remove", {"code": renewed[1]})) == (409, "conflict")
    assert browser.log_in(email).status == 200


def test_who_guesses_codes_in_a_session_waits(browser: Browser, add_user: Callable[..., str]) -> None:
    browser.log_in(add_user())
    app = pyotp.TOTP(browser.post("totp").json["data"]["secret"])
    browser.post("totp/confirm", {"code": app.now()})
    answers = [browser.post("totp/remove", {"code": "000000"}) for _ in range(6)]
    assert [answer.status for answer in answers] == [403] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"


def test_of_64_sign_ins_at_once_5_are_judged(
    api: Api, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    email, start = add_user(), threading.Barrier(64)

    def guess(number: int) -> int:
        start.wait()
        return Browser(api).log_in(email, f"{WRONG} {number}").status

    with ThreadPoolExecutor(64) as pool:
        statuses = Counter(pool.map(guess, range(64)))
    judged = shared_database.execute(
        "select count(*) from leadgen.sign_in_attempts a join leadgen.users u on u.id = a.user_id"
        " where u.email = %s",
        [email],
    ).fetchone()
    # After the fifth the next may come in a second, then in two: more only if the machine is that slow.
    assert judged is not None
    assert 5 <= judged[0] == statuses[401] <= 8
    assert statuses[429] == 64 - statuses[401]


def test_64_people_sign_in_at_once(
    api: Api, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    emails = [add_user() for _ in range(4)]
    for email in emails:
        assert Browser(api).log_in(email).status == 200  # so their network is known
    browsers = [Browser(api) for _ in range(64)]
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda n: browsers[n].log_in(emails[n % 4]), range(64)))
    statuses = Counter(answer.status for answer in answers)
    assert statuses.keys() <= {200, 429}
    assert statuses[200] >= 4
    assert len({browser.cookies.get(SESSION) for browser in browsers} - {None}) == statuses[200]
    (count,) = shared_database.execute(
        "select count(*) from leadgen.user_sessions s join leadgen.users u on u.id = s.user_id"
        " where u.email = any(%s)",
        [emails],
    ).fetchone() or [None]
    assert count == statuses[200] + 4


def test_whoever_is_known_gets_in_while_others_wait(
    api: Api, browser: Browser, add_user: Callable[..., str]
) -> None:
    email = add_user()
    browser.log_in(email)
    stranger = Browser(api)
    answers = [stranger.log_in(email, WRONG) for _ in range(5)]
    while (
        answers[-1].status == 401 and len(answers) < 15
    ):  # each wait is longer; a slow machine outlasts the first
        answers.append(stranger.log_in(email, WRONG))
    assert {answer.status for answer in answers[:5]} == {401}
    assert answers[-1].status == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 2 ** (len(answers) - 6)
    assert browser.log_in(email).status == 200


BAD: list[tuple[str, Any, str]] = [
    ("login", {"password": PASSWORD}, "email"),
    ("login", {"email": 5, "password": PASSWORD}, "email"),
    ("login", {"email": "x" * 201, "password": PASSWORD}, "email"),
    ("login", {"email": "a@b.example", "password": "x" * 513}, "password"),
    ("login", {"email": "a@b.example", "password": ""}, "password"),
    ("login", {"email": "a@b.example", "password": PASSWORD, "code": "1" * 61}, "code"),
    ("login", {"email": "a@b.example", "password": PASSWORD, "session": "jwt"}, "session"),
    ("login", {"email": "a@b.example", "password": PASSWORD, "role": "admin"}, "role"),
    ("signup", {"email": "a", "password": PASSWORD, "name": "A"}, "email"),
    ("signup", {"email": "a@b.example", "password": "a@b.example", "name": "A"}, "password"),
    ("signup", {"email": "a@b.example", "password": "aaaaaaaaaaaa", "name": "A"}, "password"),
    ("signup", {"email": "a@b.example", "password": "x1" * 65, "name": "A"}, "password"),
    ("signup", {"email": "a@b.example", "password": PASSWORD, "name": "A\nB"}, "name"),
    ("signup", {"email": "a@b.example", "password": PASSWORD}, "name"),
    ("signup", {"email": "a@b.example", "password": PASSWORD, "name": "A", "phone": "1" * 41}, "phone"),
    ("forgot-password", {}, "email"),
    ("verify-email", {"token": ["x"]}, "token"),
    ("reset-password", {"token": "x" * 201, "password": PASSWORD}, "token"),
]


@pytest.mark.parametrize(("path", "body", "name"), BAD)
def test_what_is_malformed_is_named(browser: Browser, path: str, body: Any, name: str) -> None:
    answer = browser.post(path, body)
    assert (refuse(answer), answer.fields) == ((400, "malformed-request"), [name])
    assert PASSWORD not in answer.body.decode()


def test_a_body_that_is_too_large_is_refused(browser: Browser) -> None:
    assert browser.post("login", {"email": "x" * 9000, "password": "x"}).status == 413
    assert browser.api.request("POST", "/api/v1/auth/login", b"{}", Content_Type="text/plain").status == 415


def test_a_rate_limit_holds(browser: Browser, shared_database: psycopg.Connection) -> None:
    shared_database.execute(
        "insert into leadgen.rate_limits (name, subject, amount, per_seconds) values ('address', '127.0.0.1', 0, 60)"
    )
    try:
        wait_until(lambda: browser.get("me").status == 429)
        for path in ("login", "signup", "forgot-password", "reset-password", "verify-email", "logout"):
            assert browser.post(path, {}).status == 429, path
    finally:
        shared_database.execute("delete from leadgen.rate_limits where subject = '127.0.0.1'")
        wait_until(lambda: browser.get("me").status == 401)


def test_nothing_personal_is_logged(
    api: Api, browser: Browser, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    email = add_user()
    browser.log_in(email)
    browser.log_in(email, WRONG)
    browser.post("forgot-password", {"email": email})
    token = browser.cookies[SESSION]
    for word in (email, PASSWORD, WRONG, token, sha256(token.encode()).hexdigest()):
        assert word not in api.log


def test_in_development_cookies_need_no_tls(api: Api, tmp_path: Path, add_user: Callable[..., str]) -> None:
    with running_api(api.database, tmp_path, code=SERVE_CHEAP, ENVIRONMENT="development") as here:
        browser = Browser(here)
        answer = browser.log_in(add_user())
        assert set(browser.cookies) == {"leadgen_session", "leadgen_device"}
        assert "secure" not in str(answer.headers.get_all("Set-Cookie")).lower()
        assert browser.get("me").status == 200


def test_the_page_of_a_link_verifies_once(browser: Browser, shared_database: psycopg.Connection) -> None:
    email = f"{secrets.token_hex(6)}@people.example"
    browser.post("signup", {"email": email, "password": PASSWORD, "name": "P"})
    _, token = open_mail(shared_database, email)
    path = f"/account/verify/{token}"
    for _ in range(2):
        shown = browser.api.get(path)
        assert shown.status == 200
        assert "<button" in shown.body.decode()
    assert "script" not in shown.headers["Content-Security-Policy"]
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    done = browser.api.request("POST", path)
    assert (done.status, "Address verified" in done.body.decode()) == (200, True)
    again = browser.api.request("POST", path)
    assert (again.status, "This link is not valid" in again.body.decode()) == (404, True)
    assert (
        browser.api.request("POST", f"/account/password/{token}", b"password=" + b"ab" * 8, **FORM).status
        == 404
    )


FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def test_the_page_of_a_link_sets_a_password(
    browser: Browser, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    email = add_user()
    browser.post("forgot-password", {"email": email})
    _, token = open_mail(shared_database, email)
    path = f"/account/password/{token}"
    assert 'type="password"' in browser.api.get(path).body.decode()
    weak = browser.api.request("POST", path, b"password=short", **FORM)
    assert (weak.status, "5 characters" in weak.body.decode()) == (400, True)
    done = browser.api.request("POST", path, b"password=a+new+long+password", **FORM)
    assert (done.status, "Password set" in done.body.decode()) == (200, True)
    assert DEVICE in str(done.headers["Set-Cookie"])
    assert browser.log_in(email, "a new long password").status == 200
    assert browser.api.request("POST", path, b"password=another+long+password", **FORM).status == 404


def at_once(count: int, call: Callable[[], Answer]) -> Counter[int]:
    """The statuses of so many calls at the same moment."""
    start = threading.Barrier(count)

    def wait_and_call(_: int) -> int:
        start.wait()
        return call().status

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(wait_and_call, range(count)))


def test_of_8_with_one_code_1_gets_in(api: Api, browser: Browser, add_user: Callable[..., str]) -> None:
    email = add_user()
    browser.log_in(email)
    app = pyotp.TOTP(browser.post("totp").json["data"]["secret"])
    codes = browser.post("totp/confirm", {"code": app.now()}).json["data"]["recovery_codes"]
    known = dict(browser.cookies)
    statuses = at_once(8, lambda: Browser(api, dict(known)).log_in(email, code=codes[0]))
    assert statuses[200] == 1
    assert statuses.keys() <= {200, 401, 429}


def test_of_8_with_one_link_1_sets_the_password(
    api: Api, browser: Browser, shared_database: psycopg.Connection, add_user: Callable[..., str]
) -> None:
    email = add_user()
    browser.post("forgot-password", {"email": email})
    _, token = open_mail(shared_database, email)
    body = {"token": token, "password": WRONG}
    assert at_once(8, lambda: Browser(api).post("reset-password", body)) == {200: 1, 404: 7}
