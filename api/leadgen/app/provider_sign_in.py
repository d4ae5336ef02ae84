"""Sign-in by an identity provider (OpenID Connect): a browser goes there, and comes back with a code.

What holds it together is one token in a cookie of the browser's, of which state, nonce and the verifier of PKCE are
HMACs: they go by other ways, and none tells another. The database has the state's hash, so it is used once, within ten
minutes. Whatever fails, the browser hears the same; the log has the cause. Who may come in, the database judges.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import structlog
from litestar import Response, get
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from leadgen.app.account_bodies import check_wait
from leadgen.app.accounts import AGENT
from leadgen.app.answer_pages import Page, show_page
from leadgen.app.cookies import DEVICE, DEVICE_SECONDS, SESSION, hash_token, make_token
from leadgen.app.openapi.operations import (
    TOO_OFTEN,
    operation,
    page,
    parameter,
    redirect,
    refused,
)
from leadgen.app.problems import MALFORMED, NOT_FOUND, Problem
from leadgen.app.provider import CALLBACK, NotVerified, Provider, Secrets
from leadgen.app.services import FromServices, Request, Services

log = structlog.get_logger()

COOKIE = "leadgen_oidc"
COOKIE_SECONDS = 600
LONGEST_NEXT = 100
LONGEST_CODE = 4_000
LONGEST_STATE = 200
# Never //host, /\host or /../. Each part ends by a slash but the last, so a text is matched in one way only.
OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*/)*(?:[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)?")
BAD_NEXT = Problem.of_field(
    "next", "another text", f"a path of ours, such as /leads, of at most {LONGEST_NEXT} characters"
)

SIGNED_IN = Page("Signed in", "You are signed in. You can close this page.")
FAILED = Page(
    "The sign-in failed",
    "Try again from where you came. If it fails again, sign in with your password, or ask who invited you.",
)
OFF = refused(Problem(NOT_FOUND, "Not Found"), description="This server has no identity provider")


@get(
    "/api/v1/auth/oidc/start",
    summary="Go to the identity provider to sign in",
    operation_class=operation(
        redirect("To the identity provider."),
        refused(BAD_NEXT, description="Malformed"),
        page(401, "The identity provider cannot be reached.", FAILED.title),
        OFF,
        TOO_OFTEN,
        parameters=(
            parameter(
                "query",
                "next",
                "Path of ours to which the browser goes once it is signed in. Without it, a page says so.",
                required=False,
                maxLength=LONGEST_NEXT,
                pattern=f"^{OWN_PATH.pattern}$",
            ),
        ),
    ),
)
async def start_provider_sign_in(request: Request, services: FromServices) -> Response[bytes]:
    """For a link or a button on a page: the browser follows it, and is signed in when it is back."""
    await services.admit_anybody(request)
    provider, token = _find_provider(services), make_token()
    path = request.query_params.get("next")
    if path is not None and not _is_own(path):
        raise Problem(MALFORMED, BAD_NEXT.detail, BAD_NEXT.errors)
    secrets = derive_secrets(token)
    try:
        address = await provider.make_address(secrets)
    except NotVerified as fault:
        return _fail(services, fault.cause)
    await services.accounts.start_provider(_hash_state(secrets.state))
    kept = token if path is None else f"{token}.{_encode(path.encode())}"
    return _redirect(address, services.cookies.write(COOKIE, kept, COOKIE_SECONDS))


@get(
    CALLBACK,
    summary="Come back from the identity provider",
    operation_class=operation(
        page(200, "Signed in: without `next`.", SIGNED_IN.title),
        redirect("Signed in: to `next`."),
        page(401, "The sign-in failed, for whatever reason.", FAILED.title),
        OFF,
        TOO_OFTEN,
        parameters=(
            parameter("query", "state", "As start gave it.", required=False),
            parameter("query", "code", "What the provider gave.", required=False),
            parameter("query", "error", "Why the provider gave none.", required=False),
            parameter("query", "iss", "Which provider it is.", required=False),
        ),
    ),
)
async def finish_provider_sign_in(request: Request, services: FromServices) -> Response[bytes]:
    """The provider sends browsers here. A session of the same browser ends."""
    ip_address = await services.admit_anybody(request)
    provider, cookies = _find_provider(services), services.cookies
    shown, _, path = (cookies.read(request, COOKIE) or "").partition(".")
    secrets = derive_secrets(shown)
    is_ours = bool(shown) and _is_same(request.query_params.get("state", ""), secrets.state)
    state_hash = _hash_state(secrets.state) if is_ours else None
    attempt_id, wait = await services.accounts.take_state(state_hash, ip_address)
    check_wait("Too many sign-ins failed", wait)
    if attempt_id is None:
        return _fail(services, "state")
    cause, named = None, None
    try:
        named = await provider.name_user(_read_code(request, provider), secrets)
    except NotVerified as fault:
        cause = fault.cause
    token, device, old = make_token(), make_token(), cookies.read(request, SESSION)
    outcome = await services.accounts.finish_provider(
        attempt_id,
        named,
        hash_token(token),
        hash_token(device),
        old and hash_token(old),
        request.headers.get("user-agent", "")[:AGENT] or None,
    )
    if outcome["status"] != "signed_in":
        return _fail(services, cause or outcome["failure"])
    to = _read_next(path)
    done = (
        show_page(SIGNED_IN) if to is None or services.site is None else _redirect(services.site.origin + to)
    )
    for cookie in (
        cookies.write(SESSION, token, None),
        cookies.write(DEVICE, device, DEVICE_SECONDS),
        cookies.write(COOKIE, "", 0),
    ):
        done.set_cookie(cookie)
    done.headers["Cache-Control"] = "no-store"
    return done


PROVIDER_ROUTES = (start_provider_sign_in, finish_provider_sign_in)


def derive_secrets(token: str) -> Secrets:
    """State, nonce and verifier of a browser's token. Whoever sees one of them cannot compute the others."""
    return Secrets(
        *(_encode(hmac.digest(token.encode(), use, "sha256")) for use in (b"state", b"nonce", b"verifier"))
    )


def _find_provider(services: Services) -> Provider:
    """Raises NotFoundException without one: there is no such route then."""
    if services.provider is None:
        raise NotFoundException
    return services.provider


def _read_code(request: Request, provider: Provider) -> str:
    """The code that the provider gave. Raises NotVerified."""
    query = request.query_params
    if "error" in query:
        raise NotVerified("provider_refused")
    if query.get("iss", provider.issuer) != provider.issuer:  # RFC 9207
        raise NotVerified("another_issuer")
    code = query.get("code", "")
    if not 0 < len(code) <= LONGEST_CODE:
        raise NotVerified("no_code")
    return code


def _fail(services: Services, cause: str) -> Response[bytes]:
    """The same page, whatever the cause. It is logged; who it was is not known, or not to be said."""
    log.warning("sign_in_by_provider_failed", cause=cause)
    name = services.provider.name if services.provider else ""
    page = Page(FAILED.title, FAILED.text, subject=f"Signing in by {name}")
    return show_page(page, 401, {"Cache-Control": "no-store"})


def _redirect(address: str, *cookies: Cookie) -> Response[bytes]:
    headers = {"Location": address, "Cache-Control": "no-store"}
    return Response(b"", status_code=303, headers=headers, cookies=list(cookies))


def _is_own(path: str) -> bool:
    return len(path) <= LONGEST_NEXT and OWN_PATH.fullmatch(path) is not None


def _is_same(found: str, expected: str) -> bool:
    return len(found) <= LONGEST_STATE and hmac.compare_digest(
        found.encode(errors="replace"), expected.encode()
    )


def _hash_state(state: str) -> str:
    """As the database keeps it: unlike any challenge of a passkey."""
    return hash_token(f"oidc {state}")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _read_next(kept: str) -> str | None:
    """The path that start was given, in the cookie; None: none, or none of ours."""
    try:
        path = urlsafe_b64decode(kept + "=" * (-len(kept) % 4)).decode()
    except ValueError:
        return None
    return path if _is_own(path) else None
