"""Sign-in by an identity provider, by a double that speaks OpenID Connect: who comes in by it, and who does not."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from api.people import PASSWORD, SERVE_CHEAP, Browser, add_user, change_status
from api.serving import Answer, Api, running_api
from doubles.provider import CLIENT_ID, CLIENT_SECRET, Provider, make_key, make_weak_key, running_provider

SITE = "https://leads.example.com"
START = "oidc/start"
DOCUMENT = "/.well-known/openid-configuration"
INVITE = "select leadgen.invite_user(%s, 'Ben Jones', 'operator')"


@contextmanager
def running_site(api: Api, provider: Provider, directory: Path) -> Iterator[Api]:
    """The API of a public host that knows the provider; http is for development."""
    with running_api(
        api.database,
        directory,
        code=SERVE_CHEAP,
        PUBLIC_URL=SITE,
        ENVIRONMENT="development",
        OIDC_ISSUER=provider.issuer,
        OIDC_CLIENT_ID=CLIENT_ID,
        OIDC_CLIENT_SECRET=CLIENT_SECRET,
        OIDC_NAME="Example",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def pair(api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Provider]]:
    """One API and one provider, whose document and keys the API has read sooner or later."""
    with running_provider() as provider, running_site(api, provider, tmp_path_factory.mktemp("site")) as site:
        yield site, provider


@pytest.fixture
def provider(pair: tuple[Api, Provider]) -> Iterator[Provider]:
    """The provider, in order again afterwards."""
    _, running = pair
    key, algorithm = running.key, running.algorithm
    yield running
    running.key, running.algorithm, running.make_token = key, algorithm, None
    for told in (running.claims, running.document, running.faults, running.slow, running.asked):
        told.clear()


@pytest.fixture
def site(pair: tuple[Api, Provider]) -> Api:
    """Its API, with a log of this test."""
    running, _ = pair
    running.log_start = len(running.log_file.read_text())
    return running


@pytest.fixture
def fresh(api: Api, tmp_path: Path) -> Iterator[tuple[Api, Provider]]:
    """An API that has not asked its provider yet, and that provider."""
    with running_provider() as provider, running_site(api, provider, tmp_path) as site:
        yield site, provider


@pytest.fixture(autouse=True)
def _nobody_waits(shared_database: psycopg.Connection) -> None:
    shared_database.execute("delete from leadgen.sign_in_tries")


@pytest.fixture
def ann(shared_database: psycopg.Connection) -> str:
    """An active operator's address."""
    return add_user(shared_database, "operator")


def start(browser: Browser, path: str = START) -> str:
    """The provider's address, to which the browser is sent."""
    answer = browser.get(path)
    assert answer.status == 303, answer.body
    return str(answer.headers["Location"])


def enter(site: Api, provider: Provider, email: str, subject: str | None = None, **claims: object) -> Answer:
    """All of a sign-in, in a new browser."""
    browser = Browser(site)
    return browser.get(provider.sign_in(start(browser), email, subject, **claims))


def check_failed(answer: Answer, site: Api, cause: str) -> None:
    """The same page for every failure; the cause is in the log, and nobody's address."""
    assert answer.status == 401
    assert b"The sign-in failed" in answer.body
    assert b"Signing in by Example" in answer.body
    assert not [line for line in answer.headers.get_all("Set-Cookie") or [] if "session" in line]
    assert f'"cause": "{cause}' in site.log, site.log[-2000:]
    assert "people.example" not in site.log


def test_a_user_signs_in_by_the_provider(
    site: Api, provider: Provider, ann: str, shared_database: Any
) -> None:
    browser = Browser(site)
    address = start(browser)
    query = parse_qs(urlsplit(address).query)
    assert query["redirect_uri"] == [f"{SITE}/api/v1/auth/oidc/callback"]
    assert query["max_age"] == ["900"]
    back = provider.sign_in(address, ann)
    done = browser.get(back)
    assert (done.status, b"Signed in" in done.body) == (200, True)
    me = browser.get("me").json["data"]
    assert me["user"]["email"] == ann
    browser.csrf = me["csrf_token"]
    assert browser.post("totp").status == 201 or browser.post("totp").status == 200  # a session of just now
    find = "select message from leadgen.events where kind = 'user_binding_changed' order by id desc limit 1"
    assert "can sign in by the identity provider" in shared_database.execute(find).fetchone()[0]
    assert browser.post("logout").status == 200
    again = Browser(site)
    other = "new-address@people.example"  # the account is bound, whatever address it has now
    assert (
        again.get(
            provider.sign_in(start(again), other, f"sub of {ann}".replace(" ", "-"), amr=["mfa"])
        ).status
        == 200
    )
    assert again.get("me").json["data"]["user"]["email"] == ann
    check_failed(browser.get(back), site, "state")


def test_the_browser_goes_where_it_was(site: Api, provider: Provider, ann: str) -> None:
    browser = Browser(site)
    done = browser.get(provider.sign_in(start(browser, f"{START}?next=/leads/today"), ann))
    assert (done.status, done.headers["Location"]) == (303, f"{SITE}/leads/today")
    for path in (
        "//evil.example",
        "/%5Cevil.example",
        "https://evil.example",
        "/a/../b",
        "/a?b",
        "/" + "a" * 100,
        "",
        "/" + "a" * 98 + "!",
    ):
        assert Browser(site).get(f"{START}?next={path}").fields == ["next"]
    planted = Browser(site)
    address = start(planted)
    for name in ("leadgen_oidc",):
        planted.cookies[name] += ".aHR0cHM6Ly9ldmlsLmV4YW1wbGU"  # https://evil.example
    assert planted.get(provider.sign_in(address, ann)).status == 200


def test_an_invited_user_becomes_active(
    site: Api, provider: Provider, shared_database: psycopg.Connection
) -> None:
    email = f"{secrets.token_hex(6)}@people.example"
    shared_database.execute(INVITE, [email])
    assert enter(site, provider, email.upper()).status == 200
    row = shared_database.execute("select status from leadgen.users where email = %s", [email]).fetchone()
    assert row == ("active",)


def test_nobody_is_made(site: Api, provider: Provider, shared_database: psycopg.Connection) -> None:
    email = f"{secrets.token_hex(6)}@people.example"
    check_failed(enter(site, provider, email), site, "no_user")
    count = "select count(*) from leadgen.users where email = %s"
    assert shared_database.execute(count, [email]).fetchone() == (0,)


def test_whoever_signed_up_is_not_let_in_before_it_has_verified(
    site: Api, provider: Provider, shared_database: psycopg.Connection
) -> None:
    email = f"{secrets.token_hex(6)}@people.example"
    body = {"email": email, "name": "Sue Shop", "password": PASSWORD, "company": "Shop"}
    assert Browser(site).post("signup", body).status == 202
    check_failed(enter(site, provider, email), site, "no_user")


def test_another_account_with_the_same_address_is_refused(
    site: Api, provider: Provider, ann: str, shared_database: psycopg.Connection
) -> None:
    assert enter(site, provider, ann, "first").status == 200
    check_failed(enter(site, provider, ann, "second"), site, "no_user")
    admin = Browser(site)
    assert admin.log_in(add_user(shared_database, "admin")).status == 200
    (user_id,) = shared_database.execute(
        "select id from leadgen.users where email = %s", [ann]
    ).fetchone() or (0,)
    listed = admin.get(f"/api/v1/users?after={user_id - 1}").json["data"][0]
    assert listed["bindings"][0]["issuer"] == provider.issuer
    path = f"/api/v1/users/{user_id}/bindings/remove"
    assert admin.post(path, {}).fields == ["reason"]
    assert admin.post(path, {"reason": "a new account"}).status == 200
    assert admin.post(path, {"reason": "a new account"}).status == 404
    assert enter(site, provider, ann, "second").status == 200


def test_whoever_is_stopped_stays_out(
    site: Api, provider: Provider, ann: str, shared_database: psycopg.Connection
) -> None:
    assert enter(site, provider, ann).status == 200
    browser = Browser(site)
    back = provider.sign_in(start(browser), ann)
    change_status(shared_database, ann, "suspended")  # between
    check_failed(browser.get(back), site, "no_user")
    change_status(shared_database, ann, "active")
    assert enter(site, provider, ann).status == 200


def test_who_has_an_app_needs_a_second_factor_of_the_provider(
    site: Api, provider: Provider, ann: str, shared_database: psycopg.Connection
) -> None:
    shared_database.execute(
        "insert into leadgen.user_totp (user_id, created_at, secret, confirmed_at) "
        "select id, now(), decode(repeat('00', 20), 'hex'), now() from leadgen.users where email = %s",
        [ann],
    )
    check_failed(enter(site, provider, ann), site, "second_factor")
    check_failed(enter(site, provider, ann, amr=["pwd"]), site, "second_factor")
    assert enter(site, provider, ann, amr=["pwd", "otp", "mfa"]).status == 200


def test_a_session_is_as_new_as_the_provider_says(site: Api, provider: Provider, ann: str) -> None:
    for at in (int(time.time()) - 1_000, None):
        provider.claims = {"auth_time": at}
        browser = Browser(site)
        assert browser.get(provider.sign_in(start(browser), ann)).status == 200
        browser.csrf = browser.get("me").json["data"]["csrf_token"]
        answer = browser.post("totp")
        assert (answer.status, answer.json["type"]) == (403, "urn:leadgen:problem:sign-in-again")


def now() -> int:
    """Seconds."""
    return int(time.time())


@pytest.mark.parametrize(
    ("claims", "cause"),
    [
        ({"nonce": "another"}, "claim: invalid_claim"),
        ({"nonce": None}, "claim: missing_claim"),
        ({"iss": "https://evil.example"}, "claim: invalid_claim"),
        ({"iss": None}, "claim: missing_claim"),
        ({"aud": "another"}, "claim: invalid_claim"),
        ({"aud": None}, "claim: missing_claim"),
        ({"aud": [CLIENT_ID, "another"]}, "claim: missing_claim"),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "claim: invalid_claim"),
        ({"azp": "another"}, "claim: invalid_claim"),
        ({"exp": now() - 3_600}, "claim: expired_token"),
        ({"exp": None}, "claim: missing_claim"),
        ({"exp": "tomorrow"}, "claim: "),
        ({"iat": now() - 3_600}, "claim: iat"),
        ({"iat": now() + 3_600}, "claim: "),
        ({"iat": True}, "claim: "),
        ({"iat": "now"}, "claim: "),
        ({"iat": None}, "claim: missing_claim"),
        ({"nonce": ["a"]}, "claim: "),
        ({"aud": {"a": 1}}, "claim: "),
        ({"at_hash": 7}, "claim: "),
        ({"auth_time": "now"}, "claim: "),
        ({"nbf": now() + 3_600}, "claim: "),
        ({"at_hash": "another"}, "claim: invalid_claim"),
        ({"sub": None}, "claim: missing_claim"),
        ({"sub": ""}, "claim: "),
        ({"sub": 7}, "claim: "),
        ({"email": None}, "email_not_verified"),
        ({"email": {"a": 1}}, "email_not_verified"),
        ({"email_verified": False}, "email_not_verified"),
        ({"email_verified": "true"}, "email_not_verified"),
        ({"email_verified": None}, "email_not_verified"),
    ],
)
def test_a_token_that_says_another_thing_lets_nobody_in(
    site: Api, provider: Provider, shared_database: psycopg.Connection, claims: dict[str, Any], cause: str
) -> None:
    provider.claims = claims
    check_failed(enter(site, provider, add_user(shared_database, "analyst")), site, cause)


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (Provider.sign_by_nobody, "algorithm"),
        (Provider.sign_by_public_key, "algorithm"),
        (lambda p, c: p.sign(c)[:-6] + "AAAAAA", "signature"),
        (lambda p, c: "not a token", "token_malformed"),
        (lambda p, c: "a.b.c", "token_malformed"),
        (lambda p, c: "", "no_id_token"),
        (lambda p, c: "x" * 20_000, "no_id_token"),
        (lambda p, c: 7, "no_id_token"),
        (lambda p, c: p.sign_with(c, crit=["x"], x=1), "signature"),
        (lambda p, c: p.sign_with(c, crit=["b64"], b64=False), "signature"),
        (lambda p, c: p.sign_by_own_key(c), "signature"),
        (lambda p, c: p.sign(c | {"exp": float("nan")}), "signature"),
        (lambda p, c: p.sign_with(c, alg=["RS256"]), "algorithm"),
        (lambda p, c: p.sign_with(c, kid={"a": 1}), "key_unknown"),
    ],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    site: Api,
    provider: Provider,
    shared_database: psycopg.Connection,
    make: Callable[[Provider, dict[str, Any]], str],
    cause: str,
) -> None:
    provider.make_token = make
    check_failed(enter(site, provider, add_user(shared_database, "analyst")), site, cause)


async def test_a_weak_key_lets_nobody_in(provider: Provider) -> None:
    """An RSA key of 1,024 bits may have been factored."""
    from leadgen.app import provider as ours
    from leadgen.app.provider_sign_in import derive_secrets

    provider.key = make_weak_key("weak")
    known = ours.Provider(
        provider.issuer, CLIENT_ID, CLIENT_SECRET, "Example", f"{SITE}{ours.CALLBACK}", plain=True
    )
    secret = derive_secrets("token")
    back = provider.sign_in(await known.make_address(secret), "ann@people.example")
    with pytest.raises(ours.NotVerified, match="key_weak"):
        await known.name_user(parse_qs(urlsplit(back).query)["code"][0], secret)


@pytest.mark.parametrize(
    "around",
    [
        '"{}"@evil.example',
        "{}@evil.example",
        "{},x@evil.example",
        "x@evil.example,{}",
        "<{}>",
        "mailto:{}",
        "{}.",
    ],
)
def test_an_address_around_a_users_binds_nobody(
    site: Api, provider: Provider, shared_database: psycopg.Connection, around: str
) -> None:
    """The identity provider may verify odd addresses of another domain."""
    ann = add_user(shared_database, "analyst")
    provider.claims = {"email": around.format(ann)}
    check_failed(enter(site, provider, ann), site, "no_user")
    bound = shared_database.execute(
        "select from leadgen.user_bindings b join leadgen.users u on u.id = b.user_id where u.email = %s",
        [ann],
    )
    assert bound.fetchall() == []


def test_a_new_key_is_followed_and_a_stranger_does_not_make_us_ask(
    fresh: tuple[Api, Provider], ann: str
) -> None:
    site, provider = fresh
    assert enter(site, provider, ann).status == 200
    strangers = make_key("stranger")
    ours = provider.key
    for _ in range(3):  # keys were read less than a minute ago
        provider.make_token = lambda p, c: Provider(key=strangers).sign(c)
        check_failed(enter(site, provider, ann), site, "key_unknown")
    assert provider.asked.count("/jwks") == 1
    provider.make_token, provider.key = None, ours
    assert enter(site, provider, ann).status == 200


async def test_keys_are_read_again_a_minute_later(
    monkeypatch: pytest.MonkeyPatch, provider: Provider
) -> None:
    from leadgen.app import provider as ours
    from leadgen.app.provider_sign_in import derive_secrets

    known = ours.Provider(
        provider.issuer, CLIENT_ID, CLIENT_SECRET, "Example", f"{SITE}{ours.CALLBACK}", plain=True
    )
    secret = derive_secrets("token")

    async def name() -> str:
        back = provider.sign_in(await known.make_address(secret), "ann@people.example")
        return (await known.name_user(parse_qs(urlsplit(back).query)["code"][0], secret)).email

    assert await name() == "ann@people.example"
    provider.key, provider.algorithm = make_key("second", "ES256"), "ES256"
    with pytest.raises(ours.NotVerified, match="key_unknown"):
        await name()
    monkeypatch.setattr(ours, "PAUSE_SECONDS", 0.0)
    assert await name() == "ann@people.example"
    assert provider.asked.count("/jwks") == 2


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ((500, {}, b"{}"), "token: status 500"),
        ((302, {"Location": "https://evil.example/"}, b""), "token: status 302"),
        ((200, {}, b"[" * 100_000), "token: not a JSON object"),
        ((200, {}, b" " * 1_000_000), "token: "),
        ((200, {}, b"[]"), "token: not a JSON object"),
    ],
)
def test_a_provider_that_gives_no_token_lets_nobody_in(
    site: Api, provider: Provider, ann: str, fault: tuple[int, dict[str, str], bytes], cause: str
) -> None:
    browser = Browser(site)
    provider.faults["/token"] = fault
    check_failed(browser.get(provider.sign_in(start(browser), ann)), site, cause)


def test_a_provider_that_fails_lets_nobody_in(fresh: tuple[Api, Provider]) -> None:
    site, provider = fresh
    provider.faults[DOCUMENT] = (500, {}, b"")
    check_failed(Browser(site).get(START), site, "discovery: status 500")
    check_failed(Browser(site).get(START), site, "provider_failed_lately")
    assert provider.asked == [DOCUMENT]


@pytest.mark.parametrize(
    ("path", "fault", "cause"),
    [
        ("/jwks", (500, {}, b""), "jwks: status 500"),
        ("/jwks", (200, {}, b'{"keys": 7}'), "jwks: no keys"),
        (DOCUMENT, (200, {}, b"{"), "discovery: not a JSON object"),
        (DOCUMENT, (302, {"Location": "/jwks"}, b""), "discovery: status 302"),
        (DOCUMENT, (200, {}, b'{"issuer": "https://evil.example"}'), "discovery: another"),
    ],
)
async def test_a_provider_that_says_nonsense_of_itself_is_not_believed(
    provider: Provider, path: str, fault: tuple[int, dict[str, str], bytes], cause: str
) -> None:
    """What becomes of it in a browser, the test before says."""
    from leadgen.app import provider as ours
    from leadgen.app.provider_sign_in import derive_secrets

    provider.faults[path] = fault
    known = ours.Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, "Example", SITE, plain=True)
    for why in (cause, "provider_failed_lately"):
        with pytest.raises(ours.NotVerified, match=why):
            await known.make_address(derive_secrets("token"))
    assert provider.asked.count(path) == 1


def test_a_provider_that_is_slow_is_not_waited_for(site: Api, provider: Provider, ann: str) -> None:
    browser = Browser(site)
    back = provider.sign_in(start(browser), ann)
    provider.slow.add("/token")
    began = time.monotonic()
    check_failed(browser.get(back), site, "token: timed out")
    assert 4 < time.monotonic() - began < 25


@pytest.mark.parametrize("address", ["ftp://evil.example/a", "/authorize", 7, "http:///a", "https://[", None])
async def test_a_document_with_an_odd_address_is_refused(provider: Provider, address: object) -> None:
    from leadgen.app import provider as ours
    from leadgen.app.provider_sign_in import derive_secrets

    provider.document["authorization_endpoint"] = address
    known = ours.Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, "Example", SITE, plain=True)
    with pytest.raises(ours.NotVerified, match="discovery: authorization_endpoint"):
        await known.make_address(derive_secrets("token"))


async def test_plain_http_is_for_development(provider: Provider) -> None:
    from leadgen.app import provider as ours
    from leadgen.app.provider_sign_in import derive_secrets

    known = ours.Provider(provider.issuer, CLIENT_ID, CLIENT_SECRET, "Example", SITE, plain=False)
    with pytest.raises(ours.NotVerified, match="discovery: authorization_endpoint"):
        await known.make_address(derive_secrets("token"))


def test_what_a_browser_brings_back_is_its_own_and_counts_once(
    site: Api, provider: Provider, ann: str
) -> None:
    mine, other = Browser(site), Browser(site)
    start(other)
    back = provider.sign_in(start(mine), ann)
    check_failed(other.get(back), site, "state")
    check_failed(Browser(site).get(back), site, "state")
    cookies = dict(mine.cookies)
    assert mine.get(back).status == 200  # what others tried has not used it up
    thief = Browser(site, cookies=cookies)
    check_failed(thief.get(back), site, "state")
    fresh = Browser(site)
    code = parse_qs(urlsplit(back).query)["code"][0]
    query = parse_qs(urlsplit(start(fresh)).query)
    check_failed(fresh.get(f"oidc/callback?code={code}&state={query['state'][0]}"), site, "token: status 400")


@pytest.mark.parametrize(
    ("more", "cause"),
    [
        ("error=access_denied", "provider_refused"),
        ("iss=https://evil.example&code=a", "another_issuer"),
        ("", "no_code"),
    ],
)
def test_a_provider_that_says_no_lets_nobody_in(site: Api, more: str, cause: str) -> None:
    browser = Browser(site)
    state = parse_qs(urlsplit(start(browser)).query)["state"][0]
    check_failed(browser.get(f"oidc/callback?state={state}&{more}"), site, cause)


def test_odd_states_and_cookies_are_no_defect(site: Api) -> None:
    for query in (
        "",
        "?state=%FF",
        "?state=%00",
        "?state=" + "x" * 5_000,
        "?state=a&state=b",
        "?state=%ED%A0%80",
    ):
        browser = Browser(site)
        start(browser)
        assert browser.get(f"oidc/callback{query}").status == 401
    for cookie in ("leadgen_oidc=.", "leadgen_oidc=%FF", "leadgen_oidc=" + "a" * 5_000, "leadgen_oidc=a.b.c"):
        assert site.get("/api/v1/auth/oidc/callback?state=a", Cookie=cookie).status == 401


def test_a_state_is_good_for_ten_minutes(
    site: Api, provider: Provider, ann: str, shared_database: psycopg.Connection
) -> None:
    browser = Browser(site)
    back = provider.sign_in(start(browser), ann)
    shared_database.execute(
        "update leadgen.user_challenges set created_at = created_at - interval '11 minutes'"
    )
    check_failed(browser.get(back), site, "state")


def test_who_fails_too_often_waits(site: Api, shared_database: psycopg.Connection) -> None:
    statuses = [Browser(site).get("oidc/callback?state=none").status for _ in range(51)]
    assert statuses == [401] * 50 + [429]
    assert Browser(site).get("oidc/callback?state=none").headers["Retry-After"]


def test_without_a_provider_there_are_no_such_routes(api: Api) -> None:
    said = api.get("/api/v1/auth/oidc/nothing").said
    for path in (START, "oidc/callback"):
        answer = Browser(api).get(path)
        assert (answer.status, answer.said) == (404, said)
