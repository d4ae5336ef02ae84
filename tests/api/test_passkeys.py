"""Passkeys over HTTP, by a software authenticator: who adds one signs in with it, and nothing odd lets anybody in."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import psycopg
import pytest

from api.people import SERVE_CHEAP, Browser, change_status, refuse
from api.serving import Answer, Api, running_api
from doubles.authenticator import PRESENT, Authenticator, encode

SITE = "https://leads.example.com"
FAILED = (401, "sign-in-failed")


@pytest.fixture(scope="module")
def site(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API of a public host."""
    directory = tmp_path_factory.mktemp("site")
    with running_api(api.database, directory, code=SERVE_CHEAP, PUBLIC_URL=f"{SITE}/") as running:
        yield running


@pytest.fixture
def user(site: Api, add_user: Callable[..., str]) -> Browser:
    """Signed in by password."""
    browser = Browser(site)
    assert browser.log_in(add_user("operator")).status == 200
    return browser


def begin(browser: Browser) -> Any:
    """The options to add a passkey."""
    answer = browser.post("passkeys/options")
    assert answer.status == 200, answer.body
    return answer.json["data"]["public_key"]


def add(browser: Browser, device: Authenticator) -> Answer:
    """Add a passkey."""
    credential = device.create(begin(browser))
    return browser.post("passkeys", {"name": "my phone", "credential": credential})


def begin_log_in(browser: Browser) -> Any:
    """The options to sign in."""
    answer = browser.post("passkey-login/options")
    assert answer.status == 200, answer.body
    return answer.json["data"]["public_key"]


def log_in(browser: Browser, device: Authenticator, **fields: str) -> Answer:
    """Sign in with a passkey."""
    answer = browser.post("passkey-login", {"credential": device.get(begin_log_in(browser))} | fields)
    if answer.status == 200:
        browser.csrf = answer.json["data"]["csrf_token"]
    return answer


@pytest.fixture
def device(user: Browser) -> Authenticator:
    """A passkey of the user."""
    made = Authenticator(SITE)
    assert add(user, made).status == 201
    return made


def test_a_user_adds_a_passkey_and_signs_in_with_it(site: Api, user: Browser) -> None:
    phone = Authenticator(SITE)
    options = begin(user)
    assert (options["rp"]["id"], options["user"]["name"]) == ("leads.example.com", user.email)
    assert options["authenticatorSelection"]["userVerification"] == "required"
    added = user.post("passkeys", {"name": "my phone", "credential": phone.create(options)})
    assert (added.status, added.json["data"]["name"]) == (201, "my phone")
    elsewhere = Browser(site)
    answer = log_in(elsewhere, phone)
    assert answer.status == 200
    assert answer.json["data"]["user"]["email"] == user.email
    assert len(answer.headers.get_all("Set-Cookie") or []) == 2
    assert elsewhere.get("me").status == 200
    assert user.get("passkeys").json["data"][0]["used_at"]
    assert [one["id"] for one in begin(user)["excludeCredentials"]] == [encode(phone.credential_id)]
    assert elsewhere.post("logout").status == 200


def test_a_program_gets_a_token(site: Api, device: Authenticator) -> None:
    token = log_in(Browser(site), device, session="bearer").json["data"]["token"]
    assert site.get("/api/v1/auth/me", Authorization=f"Bearer {token}").status == 200


def test_a_device_without_a_counter_goes_on(site: Api, user: Browser) -> None:
    device = Authenticator(SITE, counts=False)
    assert add(user, device).status == 201
    assert [log_in(Browser(site), device).status for _ in range(2)] == [200, 200]


def test_another_origin_is_refused(site: Api, user: Browser, device: Authenticator) -> None:
    posing = Authenticator("https://leads.example.com.evil.example")
    assert add(user, posing).fields == ["credential"]
    device.origin = posing.origin
    assert refuse(log_in(Browser(site), device)) == FAILED


def test_a_device_that_asked_nobody_is_refused(site: Api, user: Browser, device: Authenticator) -> None:
    assert add(user, Authenticator(SITE, flags=PRESENT)).fields == ["credential"]
    device.flags = PRESENT
    assert refuse(log_in(Browser(site), device)) == FAILED


def test_what_is_signed_counts_once_and_only_here(site: Api, user: Browser, device: Authenticator) -> None:
    browser = Browser(site)
    credential = device.get(begin_log_in(browser))
    assert browser.post("passkey-login", {"credential": credential}).status == 200
    assert refuse(Browser(site).post("passkey-login", {"credential": credential})) == FAILED
    never_given = device.get({"rpId": "leads.example.com", "challenge": encode(b"x" * 32)})
    assert refuse(Browser(site).post("passkey-login", {"credential": never_given})) == FAILED
    other_host = device.get(begin_log_in(Browser(site)) | {"rpId": "evil.example"})
    assert refuse(Browser(site).post("passkey-login", {"credential": other_host})) == FAILED
    to_add = begin(user)
    for_adding = device.get({"rpId": "leads.example.com", "challenge": to_add["challenge"]})
    assert refuse(Browser(site).post("passkey-login", {"credential": for_adding})) == FAILED


def test_a_copy_is_noticed(site: Api, device: Authenticator, shared_database: psycopg.Connection) -> None:
    assert log_in(Browser(site), device).status == 200
    device.counter -= 1
    assert refuse(log_in(Browser(site), device)) == FAILED
    query = "select count(*) from leadgen.events where kind = 'user_passkey_suspect'"
    assert shared_database.execute(query).fetchone() != (0,)


def test_a_wrong_signature_lets_nobody_in(site: Api, device: Authenticator) -> None:
    thief = Authenticator(SITE, credential_id=device.credential_id)
    assert refuse(log_in(Browser(site), thief)) == FAILED
    assert refuse(log_in(Browser(site), Authenticator(SITE))) == FAILED


def test_whoever_may_not_sign_in_may_not_by_a_passkey(
    site: Api, user: Browser, device: Authenticator, shared_database: psycopg.Connection
) -> None:
    change_status(shared_database, user.email, "suspended")
    assert refuse(log_in(Browser(site), device)) == FAILED
    change_status(shared_database, user.email, "active")
    assert log_in(Browser(site), device).status == 200


def test_a_passkey_is_removed_by_its_user_alone(
    site: Api, user: Browser, device: Authenticator, add_user: Callable[..., str]
) -> None:
    (passkey,) = user.get("passkeys").json["data"]
    other = Browser(site)
    other.log_in(add_user())
    assert other.get("passkeys").json["data"] == []
    assert refuse(other.send("DELETE", f"passkeys/{passkey['id']}")) == (404, "not-found")
    assert user.send("DELETE", f"passkeys/{passkey['id']}").status == 200
    assert refuse(log_in(Browser(site), device)) == FAILED


def test_a_cookie_alone_or_an_old_session_adds_none(
    user: Browser, shared_database: psycopg.Connection
) -> None:
    csrf, user.csrf = user.csrf, None
    assert refuse(user.post("passkeys/options")) == (403, "not-our-page")
    user.csrf = csrf
    shared_database.execute("update leadgen.user_sessions set created_at = now() - interval '16 minutes'")
    assert refuse(user.post("passkeys/options")) == (403, "sign-in-again")


def test_odd_credentials_are_refused_by_name(site: Api, user: Browser) -> None:
    good = Authenticator(SITE).create(begin(user))
    for path, values in {
        (): (None, {}, {"id": "a"}),
        ("id",): (5, None, ""),
        ("rawId",): ("a", "é", "=", [], "A" * 6_001),
        ("response",): (None, [], {}, "x"),
        ("response", "clientDataJSON"): ("e30", "!!", "W10", "bnVsbA", "A" * 6_001, encode(b"[" * 4_000), {}),
        ("response", "attestationObject"): ("", "e30", "oA", "_w", None, 5, "v" * 6_000),
    }.items():
        for value in values:
            whole: dict[str, Any] = {"credential": deepcopy(good)}
            *before, last = ("credential", *path)
            place = whole
            for name in before:
                place = place[name]
            place[last] = value
            answer = user.post("passkeys", {"name": "odd"} | whole)
            assert (answer.status, answer.fields) == (400, ["credential"]), (path, value)
            assert Browser(site).post("passkey-login", whole).status in (400, 401), (path, value)


def test_without_a_public_host_there_are_none(browser: Browser, add_user: Callable[..., str]) -> None:
    browser.log_in(add_user())
    assert browser.get("passkeys").json["data"] == []
    assert refuse(browser.post("passkeys/options")) == (404, "not-found")
    assert refuse(browser.post("passkey-login/options")) == (404, "not-found")
