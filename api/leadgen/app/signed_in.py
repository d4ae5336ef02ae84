"""How a request shows who is signed in: a cookie in a browser, a bearer token in a program.

A browser sends a cookie whoever made it send the request. So a request that changes something carries a token beside it
that only our own page can have read (X-CSRF-Token), and comes from our own origin.
"""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from leadgen.app.cookies import LONGEST, SESSION, Cookies, hash_token, make_csrf_token
from leadgen.app.headers import group, read_address_of_caller
from leadgen.app.problems import FORBIDDEN, UNAUTHORIZED, Kind, Problem
from leadgen.app.services import Request, Services

NOT_SIGNED_IN = Kind(401, "not-signed-in", "Not signed in")
NOT_OUR_PAGE = Kind(403, "not-our-page", "The request does not come from our own page")
SIGN_IN_AGAIN = Kind(403, "sign-in-again", "This needs a new sign-in")
NOT_ALLOWED = Kind(403, "not-allowed", "The user may not do this")

CSRF_HEADER = "x-csrf-token"
READING = ("GET", "HEAD")
SESSION_SHOWN = "leadgen_session"  # in the state of a request: whom admit_session has admitted


@dataclass(frozen=True, slots=True)
class Presented:
    """The token by which a request is somebody's, and whether a cookie brought it."""

    token: str
    by_cookie: bool
    context: dict[str, str]  # of app.rates: the address, and the token's hash as the key

    @property
    def token_hash(self) -> str:
        """SHA-256 of the token, as the database has it."""
        return hash_token(self.token)


async def admit_session(request: Request, services: Services) -> Presented:
    """Who shows a session, by bearer token or cookie. Raises Problem: 401 without one, 403, or a rate limit.

    A request is looked at once.
    """
    scope = request.scope
    if (admitted := scope["state"].get(SESSION_SHOWN)) is not None:
        shown: Presented = admitted
        return shown
    context = read_address_of_caller(group(scope["headers"]), scope["client"], services.trusted_proxies)
    presented = read_presented(request, services.cookies, context)
    if presented is None:
        await services.rates.check_head(context)
        raise Problem(NOT_SIGNED_IN, "Not signed in")
    await services.rates.check_head(presented.context)
    if presented.by_cookie and request.method not in READING:
        check_origin(request, services)
        check_csrf(request, presented.token)
    scope["state"][SESSION_SHOWN] = presented
    return presented


def read_presented(request: Request, cookies: Cookies, context: dict[str, str]) -> Presented | None:
    """The token of the request; one in Authorization goes before a cookie."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    by_cookie = kind.lower() != "bearer"
    token = (cookies.read(request, SESSION) or "") if by_cookie else token.strip()[:LONGEST]
    if not token:
        return None
    return Presented(token, by_cookie, context | {"api_key_hash": hash_token(token)})


def check_origin(request: Request, services: Services) -> None:
    """Raise Problem (403) for a request that a page of another origin made its browser send."""
    origin = request.headers.get("origin")
    hosts = (request.headers.get("host", "").lower(), services.public_host)
    ours = {f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts if host}
    if origin is not None and origin.lower() not in ours:
        raise Problem(NOT_OUR_PAGE, "Origin: found another origin; allowed: the API's own")


def check_csrf(request: Request, session_token: str) -> None:
    """Raise Problem (403) unless X-CSRF-Token is that of the session."""
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), make_csrf_token(session_token).encode()):
        found = "another token" if given else "none"
        raise Problem.of_field(
            "X-CSRF-Token", found, "the csrf_token that login and me answer with", NOT_OUR_PAGE
        )


@contextmanager
def as_user(services: Services, presented: Presented) -> Iterator[None]:
    """What is done inside is done by the session's user. Raises Problem in the words of people, not of keys."""
    try:
        with services.rates.judge_key(presented.context, is_session=True):
            yield
    except Problem as problem:
        if problem.kind is UNAUTHORIZED:
            raise Problem(NOT_SIGNED_IN, "Not signed in") from None
        if problem.kind is FORBIDDEN:
            is_old = any(one.get("field") == "session" for one in problem.errors)
            kind = SIGN_IN_AGAIN if is_old else NOT_ALLOWED
            raise Problem(kind, problem.detail, problem.errors) from None
        raise
