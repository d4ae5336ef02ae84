"""The pages behind the links in e-mails to users: verify an address, choose a password.

As with app.answer_pages, programs that look at mail follow links too: a GET shows a page with one button and changes
nothing. The token in the address is the whole of the right; the page sends it nowhere else.
"""

from dataclasses import replace
from typing import Annotated

from litestar import Response, get, post
from litestar.params import PathParameter

from leadgen.app.account_bodies import LONGEST_TOKEN, MOST_BYTES
from leadgen.app.answer_pages import ON_ERROR, PAGES, Page, show_page
from leadgen.app.cookies import DEVICE, DEVICE_SECONDS, hash_token, make_token
from leadgen.app.form import read_form
from leadgen.app.headers import group
from leadgen.app.openapi.account_models import PasswordForm
from leadgen.app.openapi.operations import operation, page, takes
from leadgen.app.problems import NOT_FOUND, TOO_LARGE, Problem
from leadgen.app.services import FromServices, Request
from leadgen.passwords import ALLOWED, find_fault, make_challenge

Token = Annotated[str, PathParameter(description="From the link in an e-mail. It is used once.")]

ASK_VERIFY = Page(
    "Verify this e-mail address?",
    "You signed up with it, or somebody else did. If it was not you, close this page: nothing happens.",
    button="Verify the address",
)
ASK_PASSWORD = Page(
    "Choose a password", f"{ALLOWED[0].upper()}{ALLOWED[1:]}.", button="Set the password", asks_password=True
)
VERIFIED = {
    "active": Page("Address verified", "You can sign in now."),
    "pending": Page(
        "Address verified", "An operator looks at your sign-up. You get an e-mail when it is approved."
    ),
}
PASSWORD_SET = Page(
    "Password set", "You can sign in with it now. Wherever you were signed in, you are signed out."
)
VOID = Page(
    "This link is not valid",
    "It was used, has expired, or another one was used since. Ask for a new one where you sign in.",
)


@get(
    "/account/verify/{token:str}",
    exception_handlers=ON_ERROR,
    summary="Ask whether to verify an address",
    operation_class=operation(PAGES, page(200, "A page with one button.", ASK_VERIFY.title)),
)
async def ask_verify(request: Request, services: FromServices, token: Token) -> Response[bytes]:
    """Nothing changes: programs that look at mail follow links too."""
    await services.admit_anybody(request)
    return show_page(ASK_VERIFY)


@post(
    "/account/verify/{token:str}",
    status_code=200,
    exception_handlers=ON_ERROR,
    summary="Verify an address from the page",
    operation_class=operation(PAGES, page(200, "Verified.", VERIFIED["active"].title)),
)
async def verify_by_page(request: Request, services: FromServices, token: Token) -> Response[bytes]:
    """What the page's button sends."""
    await services.admit_anybody(request)
    try:
        done = await services.accounts.verify_user(hash_token(token[:LONGEST_TOKEN]))
    except Problem as problem:
        return _show_void(problem)
    return show_page(VERIFIED["active" if done["status"] == "active" else "pending"])


@get(
    "/account/password/{token:str}",
    exception_handlers=ON_ERROR,
    summary="Ask for a new password",
    operation_class=operation(PAGES, page(200, "A page with a form.", ASK_PASSWORD.title)),
)
async def ask_password(request: Request, services: FromServices, token: Token) -> Response[bytes]:
    """Nothing changes until the form is sent."""
    await services.admit_anybody(request)
    return show_page(ASK_PASSWORD)


@post(
    "/account/password/{token:str}",
    status_code=200,
    exception_handlers=ON_ERROR,
    summary="Set a password from the page",
    operation_class=operation(
        PAGES,
        page(200, "The password is set.", PASSWORD_SET.title),
        page(400, "The password is too weak.", ASK_PASSWORD.title),
        page(413, TOO_LARGE.title, ASK_PASSWORD.title),
        page(415, "Not a form.", ASK_PASSWORD.title),
        body=takes("The form's field.", form=PasswordForm),
    ),
)
async def set_password_by_page(request: Request, services: FromServices, token: Token) -> Response[bytes]:
    """What the page's form sends."""
    await services.admit_anybody(request)
    fields = await read_form(request, group(request.scope["headers"]), MOST_BYTES)
    password, challenge, device = fields.get("password", ""), make_challenge(), make_token()
    if (fault := find_fault(password)) is not None:
        return show_page(replace(ASK_PASSWORD, fault=f"The password has {fault}; allowed: {ALLOWED}."), 400)
    digest = await services.passwords.compute(password, challenge)
    try:
        await services.accounts.reset_password(
            hash_token(token[:LONGEST_TOKEN]), challenge.salt, digest, hash_token(device)
        )
    except Problem as problem:
        return _show_void(problem)
    answer = show_page(PASSWORD_SET)
    answer.set_cookie(services.cookies.write(DEVICE, device, DEVICE_SECONDS))
    return answer


def _show_void(problem: Problem) -> Response[bytes]:
    if problem.kind is not NOT_FOUND:
        raise problem
    return show_page(VOID, NOT_FOUND.status)
