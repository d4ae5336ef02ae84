"""Signing in and out on pages. The rules are those of /api/v1/auth: the same functions judge."""

from dataclasses import replace

from litestar import Response, Router, get, post

from leadgen.app.account_bodies import LONGEST_EMAIL
from leadgen.app.accounts import (
    CODE_NEEDED,
    MOST_CODE,
    MOST_PASSWORD,
    SIGN_IN_FAILED,
    Shown,
    sign_in_by_password,
)
from leadgen.app.cookies import DEVICE, DEVICE_SECONDS, SESSION
from leadgen.app.problems import MALFORMED, TOO_MANY, Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.signed_in import check_origin
from leadgen.pages.failures import SIGN_IN, make_handlers, show_kept, show_sign_in
from leadgen.pages.forms import read_fields, read_kept
from leadgen.pages.places import read_place
from leadgen.pages.site import Site, redirect
from leadgen.pages.visitor import admit

# A form that was kept is JSON in a field of the form: it comes longer than it was.
MOST_SIGN_IN = 1_000_000
DOOR = Site("LeadGen", "/", "leadgen.pages")
SHOWN_AGAIN = (SIGN_IN_FAILED, CODE_NEEDED, TOO_MANY, MALFORMED)


@get("/", include_in_schema=False)
async def find_home(request: Request, services: FromServices) -> Response[bytes]:
    """To where who is signed in works."""
    visitor = await admit(DOOR, request, services)
    me = await visitor.ask("select leadgen.show_me(%s)::text")
    return redirect(HOMES[me["user"]["role"]])


@get(SIGN_IN, include_in_schema=False)
async def ask_to_sign_in(request: Request, services: FromServices) -> Response[bytes]:
    """The form. Who is signed in may sign in as somebody else."""
    await services.admit_anybody(request)
    return show_sign_in(DOOR, services, place=read_place(request.query_params.get("next"), DOOR.home))


@post(SIGN_IN, status_code=200, include_in_schema=False)
async def sign_in(request: Request, services: FromServices) -> Response[bytes]:
    """What the form sends. The password is never in a page."""
    address = await services.admit_anybody(request)
    check_origin(request, services)
    fields = await read_fields(request, MOST_SIGN_IN)
    place, kept = read_place(fields.get("next"), DOOR.home), fields.get("kept", "")
    email, password, code = (fields.get(name, "") for name in ("email", "password", "code"))
    try:
        _check(email, password, code)
        shown = Shown(email, password, code.strip() or None, address)
        _, token, device = await sign_in_by_password(request, services, shown)
    except Problem as problem:
        if problem.kind not in SHOWN_AGAIN:
            raise
        asks_code = problem.kind is CODE_NEEDED
        said = replace(problem, detail="Type the code, and the password once more.") if asks_code else problem
        return show_sign_in(
            DOOR,
            services,
            place=place,
            kept=kept,
            problem=said,
            email=email[:LONGEST_EMAIL],
            asks_code=asks_code or bool(code),
            status=problem.kind.status,
        )
    cookies = [services.cookies.write(SESSION, token, None)]
    if device is not None:
        cookies.append(services.cookies.write(DEVICE, device, DEVICE_SECONDS))
    again = read_kept(kept)
    if not again:
        return redirect(place, *cookies)
    return show_kept(DOOR, token, place, again, cookies=tuple(cookies))


@post("/sign-out", status_code=200, include_in_schema=False)
async def sign_out(request: Request, services: FromServices) -> Response[bytes]:
    """The session ends, also one that has ended."""
    visitor = await admit(DOOR, request, services)
    await services.accounts.sign_out(visitor.presented.token_hash)
    return redirect(SIGN_IN, services.cookies.write(SESSION, "", 0))


def _check(email: str, password: str, code: str) -> None:
    for name, text, least, most in (
        ("email", email, 1, LONGEST_EMAIL),
        ("password", password, 1, MOST_PASSWORD),
        ("code", code, 0, MOST_CODE),
    ):
        if not least <= len(text) <= most:
            found = f"{len(text)} characters" if text else "nothing"
            raise Problem.of_field(name, found, f"text of 1 to {most} characters")


# Where each role works. A site that is added names its home here.
HOMES = dict.fromkeys(("admin", "operator", "finance", "analyst"), "/console") | {
    "buyer": "/portal",
    "source": "/sign-in/elsewhere",
}


@get("/sign-in/elsewhere", include_in_schema=False)
async def show_elsewhere(request: Request, services: FromServices) -> Response[bytes]:
    """For who is signed in and has no pages here."""
    visitor = await admit(DOOR, request, services)
    await visitor.ask("select leadgen.show_me(%s)::text")
    return visitor.show("shell/elsewhere.html", {})


SIGN_IN_ROUTES = Router(
    path="/",
    route_handlers=[find_home, ask_to_sign_in, sign_in, sign_out, show_elsewhere],
    exception_handlers=make_handlers(DOOR),
)
