"""What is refused, as a page of the site in which it was asked for."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from leadgen.app.cookies import SESSION, make_csrf_token
from leadgen.app.problems import NOT_FOUND, UNAVAILABLE, Problem, on_http_exception, on_problem, on_unexpected
from leadgen.app.request_ids import name_request
from leadgen.app.services import Request, Services
from leadgen.app.signed_in import NOT_SIGNED_IN, SIGN_IN_AGAIN
from leadgen.pages.forms import keep, read_kept
from leadgen.pages.places import read_place
from leadgen.pages.site import Site, is_part, redirect
from leadgen.pages.visitor import CHANGED, KEPT

SIGN_IN = "/sign-in"
TITLES = {
    400: "That does not work",
    403: "You may not do this",
    404: "There is no such page",
    409: "That does not work now",
    413: "That is too much",
    422: "That does not work",
    429: "Too many requests",
    503: "Not available now",
}
UNEXPECTED = "Something went wrong on our side"


def make_handlers(site: Site) -> ExceptionHandlersMap:
    """The exception handlers of a site's routes."""

    def on_refused(request: Request, problem: Problem) -> Response[bytes]:
        if problem.kind is NOT_SIGNED_IN:
            return ask_to_sign_in(site, request)
        if problem.kind is SIGN_IN_AGAIN and request.method == "POST":
            return ask_to_sign_in_again(site, request, problem)
        if getattr(request.state, CHANGED, False):
            return ask_to_send_again(site, request, request.url.path, getattr(request.state, KEPT, {}))
        if problem.kind is UNAVAILABLE and keep(getattr(request.state, KEPT, {})) and not is_part(request):
            return ask_to_send_again(
                site, request, request.url.path, getattr(request.state, KEPT), is_lost=True
            )
        return _as_page(site, request, problem, on_problem(request, problem))

    def on_http(request: Request, error: HTTPException) -> Response[bytes]:
        answer = on_http_exception(request, error)
        return _as_page(site, request, Problem(NOT_FOUND, "There is nothing at this address."), answer)

    def on_defect(request: Request, error: Exception) -> Response[bytes]:
        return _as_page(site, request, None, on_unexpected(request, error))

    handlers: dict[Any, Callable[..., Response[bytes]]] = {
        Problem: on_refused,
        HTTPException: on_http,
        Exception: on_defect,
    }
    return handlers


def ask_to_sign_in(site: Site, request: Request) -> Response[bytes]:
    """The sign-in page. What a form said is kept in it, and asked for again once its sender is signed in."""
    fields = getattr(request.state, KEPT, {})
    services: Services = request.app.state.services
    if is_part(request):
        return Response(b"", status_code=401, headers={"HX-Redirect": SIGN_IN, "Cache-Control": "no-store"})
    if request.method != "POST":
        query = request.scope["query_string"].decode("latin-1")
        place = read_place(f"{request.url.path}{'?' if query else ''}{query}", site.home)
        return redirect(f"{SIGN_IN}?next={_quote(place)}")
    return show_sign_in(
        site, services, place=request.url.path, kept=keep(fields) or "", has_expired=True, status=401
    )


def ask_to_sign_in_again(site: Site, request: Request, problem: Problem) -> Response[bytes]:
    """The sign-in page for what needs a new sign-in, with what the form said kept."""
    kept = keep(getattr(request.state, KEPT, {})) or ""
    services: Services = request.app.state.services
    return show_sign_in(site, services, place=request.url.path, kept=kept, problem=problem, status=403)


def ask_to_send_again(
    site: Site, request: Request, place: str, fields: dict[str, str], *, is_lost: bool = False
) -> Response[bytes]:
    """What a form said, to be sent once more: one of an earlier session, or one whose answer was lost.

    Nobody knows whether the latter was done. Its key is kept, so that what books money books once.
    """
    services: Services = request.app.state.services
    token = services.cookies.read(request, SESSION) or ""
    kept, target = read_kept(keep(fields) or ""), read_place(place, site.home)
    return show_kept(site, token, target, kept, is_lost=is_lost, status=503 if is_lost else 409)


def show_kept(
    site: Site,
    token: str,
    target: str,
    kept: dict[str, str],
    *,
    is_lost: bool = False,
    status: int = 200,
    cookies: tuple[Cookie, ...] = (),
) -> Response[bytes]:
    """The page with what a form said, and a form of this session that sends it."""
    values = {"csrf": make_csrf_token(token), "target": target, "kept": kept, "is_lost": is_lost}
    return site.show("shell/resume.html", values, status, cookies)


def show_sign_in(
    site: Site,
    services: Services,
    *,
    place: str,
    kept: str = "",
    has_expired: bool = False,
    status: int = 200,
    problem: Problem | None = None,
    email: str = "",
    asks_code: bool = False,
) -> Response[bytes]:
    """The page on which people sign in."""
    values = {
        "place": place,
        "kept": kept,
        "has_expired": has_expired,
        "problem": problem,
        "email": email,
        "asks_code": asks_code,
        "provider": services.provider.name if services.provider else None,
        "has_passkeys": services.site is not None,
        "provider_next": _quote(place.partition("?")[0]),
    }
    return site.show("shell/sign_in.html", values, status, headers=problem.headers if problem else None)


def _as_page(
    site: Site, request: Request, problem: Problem | None, answer: Response[bytes]
) -> Response[bytes]:
    status = answer.status_code or HTTPStatus.INTERNAL_SERVER_ERROR
    values = {
        "title": TITLES.get(status, UNEXPECTED),
        "detail": problem.detail if problem and status < HTTPStatus.INTERNAL_SERVER_ERROR else None,
        "status": status,
        "reference": name_request() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None,
        "is_signed_in": request.app.state.services.cookies.read(request, SESSION) is not None,
    }
    own = {name: value for name, value in answer.headers.items() if name.lower() == "retry-after"}
    return site.show(
        "shell/fault.html" if is_part(request) else "shell/problem.html", values, status, headers=own
    )


def _quote(place: str) -> str:
    return quote(place, safe="/")
