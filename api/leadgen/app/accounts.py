"""The routes by which people sign up, in and out, verify an address and set a password."""

from typing import Any, NamedTuple

from litestar import Response, get, post

from leadgen.app.account_bodies import LONGEST_EMAIL, LONGEST_TOKEN, Fields, check_wait, read_fields, succeed
from leadgen.app.account_queries import SignUp
from leadgen.app.cookies import DEVICE, DEVICE_SECONDS, SESSION, hash_token, make_csrf_token, make_token
from leadgen.app.openapi import account_models as models
from leadgen.app.openapi.operations import TOO_OFTEN, UNREADABLE, USER, answer, operation, refused, takes
from leadgen.app.problems import NOT_FOUND, TOO_MANY, Kind, Problem
from leadgen.app.services import FromServices, Request, Services
from leadgen.app.signed_in import NOT_OUR_PAGE, NOT_SIGNED_IN, Presented, admit_session, as_user, check_origin
from leadgen.passwords import make_challenge

SIGN_IN_FAILED = Kind(401, "sign-in-failed", "The sign-in failed")
CODE_NEEDED = Kind(401, "code-needed", "The sign-in needs a code")
FAILED = "The e-mail address, the password or the code is wrong, or the user may not sign in."
ASKS_CODE = "code: found nothing; allowed: six digits of the app, or a recovery code"
ASKED_TOO_OFTEN = "Too many e-mails were asked for from this network"
MOST_PASSWORD = 512
MOST_CODE = 60
AGENT = 300

BAD = Problem.of_field("email", "a value that is not text", f"text of 1 to {LONGEST_EMAIL} characters")
BAD_LINK = Problem.of_field("token", "nothing", f"text of 1 to {LONGEST_TOKEN} characters")
NO_LINK = refused(
    Problem(
        NOT_FOUND, "The link is not valid: it was used, has expired, or never was one. Ask for a new link."
    )
)
BY_OTHERS = Problem.of_field(
    "X-CSRF-Token", "none", "the csrf_token that login and me answer with", NOT_OUR_PAGE
)
BAD_PASSWORD = Problem.of_field("password_now", "nothing", f"text of 1 to {MOST_PASSWORD} characters")
WRONG_PASSWORD = Problem.of_field(
    "password_now",
    "another password",
    "the password that you sign in with",
    Kind(403, "wrong-password", "The password is wrong"),
)
SIGNED_OUT = refused(Problem(NOT_SIGNED_IN, "Not signed in"), description="No session in force")
FOREIGN = refused(BY_OTHERS, description="The cookie came without its X-CSRF-Token, or from another origin")


class Shown(NamedTuple):
    """What somebody shows who signs in by password."""

    email: str
    password: str
    code: str | None
    address: str | None
    is_bearer: bool = False


@post(
    "/api/v1/auth/signup",
    status_code=202,
    summary="Sign up as a buyer",
    operation_class=operation(
        answer(202, "An e-mail is on its way.", models.DoneAnswer),
        refused(BAD, description="Malformed"),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("Who signs up.", json=models.SignUp),
    ),
)
async def sign_up(request: Request, services: FromServices) -> Response[bytes]:
    """The link in the e-mail verifies the address; then an operator approves. An address that has a user gets another
    e-mail, and the same answer."""
    address = await services.admit_anybody(request)
    fields = await read_fields(request, models.SignUp)
    email = fields.read("email", LONGEST_EMAIL)
    name, company, phone = fields.read("name", 200), fields.find("company", 200), fields.find("phone", 40)
    password = fields.read_new_password(email)
    challenge = make_challenge()
    digest = await services.passwords.compute(password, challenge)
    who = SignUp(email, name, company, phone, challenge.salt, digest, address)
    check_wait(ASKED_TOO_OFTEN, await services.accounts.sign_up(who))
    return succeed({"status": "check_mail"}, status=202)


@post(
    "/api/v1/auth/verify-email",
    status_code=200,
    summary="Verify an address",
    operation_class=operation(
        answer(200, "Verified: `pending` until an operator approves, else `active`.", models.DoneAnswer),
        refused(BAD_LINK, description="Malformed"),
        NO_LINK,
        TOO_OFTEN,
        UNREADABLE,
        body=takes("The token of the link.", json=models.Link),
    ),
)
async def verify_email(request: Request, services: FromServices) -> Response[bytes]:
    """By the token of the link in the e-mail, which is used up."""
    await services.admit_anybody(request)
    token = (await read_fields(request, models.Link)).read("token", LONGEST_TOKEN)
    return succeed(await services.accounts.verify_user(hash_token(token)))


@post(
    "/api/v1/auth/forgot-password",
    status_code=202,
    summary="Ask for a link to set a password",
    operation_class=operation(
        answer(202, "If the address has a user, an e-mail is on its way.", models.DoneAnswer),
        refused(BAD, description="Malformed"),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("Whose password is forgotten.", json=models.EmailAddress),
    ),
)
async def forgot_password(request: Request, services: FromServices) -> Response[bytes]:
    """The answer is the same whether or not the address has a user."""
    address = await services.admit_anybody(request)
    email = (await read_fields(request, models.EmailAddress)).read("email", LONGEST_EMAIL)
    check_wait(ASKED_TOO_OFTEN, await services.accounts.forgot_password(email, address))
    return succeed({"status": "check_mail"}, status=202)


@post(
    "/api/v1/auth/reset-password",
    status_code=200,
    summary="Set a password by a link",
    operation_class=operation(
        answer(200, "The password is set, and every session is over.", models.DoneAnswer),
        refused(BAD_LINK, description="Malformed, or the password is too weak"),
        NO_LINK,
        TOO_OFTEN,
        UNREADABLE,
        body=takes("The token of the link, and the password.", json=models.PasswordByLink),
    ),
)
async def reset_password(request: Request, services: FromServices) -> Response[bytes]:
    """By the token of a reset or an invitation, which is used up."""
    await services.admit_anybody(request)
    fields = await read_fields(request, models.PasswordByLink)
    token, password = fields.read("token", LONGEST_TOKEN), fields.read_new_password()
    challenge, device = make_challenge(), make_token()
    digest = await services.passwords.compute(password, challenge)
    done = await services.accounts.reset_password(
        hash_token(token), challenge.salt, digest, hash_token(device)
    )
    return succeed(done, services.cookies.write(DEVICE, device, DEVICE_SECONDS))


@post(
    "/api/v1/auth/password",
    status_code=200,
    summary="Change the password",
    security=USER,
    operation_class=operation(
        answer(200, "It is changed, and every other session is over.", models.RevokedAnswer),
        refused(BAD_PASSWORD, description="Malformed, or the new password is too weak"),
        SIGNED_OUT,
        refused(WRONG_PASSWORD, BY_OTHERS, description="The password is wrong, or not our page"),
        refused(
            TOO_MANY,
            description="A rate limit is reached, or too many passwords were wrong. See Retry-After.",
        ),
        UNREADABLE,
        body=takes("The password, and the new one.", json=models.PasswordChange),
    ),
)
async def change_password(request: Request, services: FromServices) -> Response[bytes]:
    """The user is told by e-mail. The keys that it made for its programs stay."""
    presented = await admit_session(request, services)
    fields = await read_fields(request, models.PasswordChange)
    return succeed({"revoked": await replace_password(services, presented, fields)})


@post(
    "/api/v1/auth/login",
    status_code=200,
    summary="Sign in",
    operation_class=operation(
        answer(200, "Signed in.", models.SignedInAnswer),
        refused(BAD, description="Malformed"),
        refused(
            Problem(SIGN_IN_FAILED, FAILED),
            Problem(CODE_NEEDED, ASKS_CODE),
            description="The sign-in failed, for whatever reason; or the password is right, and a code is needed",
        ),
        FOREIGN,
        refused(
            TOO_MANY, description="A rate limit is reached, or too many sign-ins failed. See Retry-After."
        ),
        UNREADABLE,
        body=takes("Who signs in.", json=models.LogIn),
    ),
)
async def log_in(request: Request, services: FromServices) -> Response[bytes]:
    """A session of the same browser ends. Who has an app sends the code along, at once or after `code-needed`."""
    address = await services.admit_anybody(request)
    check_origin(request, services)
    fields = await read_fields(request, models.LogIn)
    email, password = fields.read("email", LONGEST_EMAIL), fields.read("password", MOST_PASSWORD)
    code, is_bearer = fields.find("code", MOST_CODE), read_kind(fields) == "bearer"
    shown = Shown(email, password, code, address, is_bearer)
    data, token, device = await sign_in_by_password(request, services, shown)
    return welcome(services, data, token, device)


@post(
    "/api/v1/auth/logout",
    status_code=200,
    summary="Sign out",
    security=USER,
    operation_class=operation(answer(200, "Signed out.", models.DoneAnswer), SIGNED_OUT, FOREIGN, TOO_OFTEN),
)
async def log_out(request: Request, services: FromServices) -> Response[bytes]:
    """The session ends, also one that has ended."""
    presented = await admit_session(request, services)
    await services.accounts.sign_out(presented.token_hash)
    gone = [services.cookies.write(SESSION, "", 0)] if presented.by_cookie else []
    return succeed({"status": "signed_out"}, *gone)


@get(
    "/api/v1/auth/me",
    summary="Show who is signed in",
    security=USER,
    operation_class=operation(
        answer(200, "The user and the session.", models.MeAnswer), SIGNED_OUT, TOO_OFTEN
    ),
)
async def show_me(request: Request, services: FromServices) -> Response[bytes]:
    """The user, the session, and what goes in X-CSRF-Token."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        data = await services.accounts.show_me(presented.token_hash)
    return succeed(data | {"csrf_token": make_csrf_token(presented.token) if presented.by_cookie else None})


async def replace_password(services: Services, presented: Presented, fields: Fields) -> int:
    """Give a user another password, by the one that it has; how many other sessions ended. Raises Problem."""
    now, password = fields.read("password_now", MOST_PASSWORD), fields.read_new_password()
    challenge = make_challenge()
    with as_user(services, presented):
        old = await services.accounts.find_challenge(presented.token_hash)
        digest_now = await services.passwords.compute(now, old)
        digest = await services.passwords.compute(password, challenge)
        done = await services.accounts.change_password(
            presented.token_hash, digest_now, challenge.salt, digest
        )
    check_wait("Too many passwords were wrong", done.get("retry_after", 0))
    if done["status"] != "done":
        raise Problem(WRONG_PASSWORD.kind, WRONG_PASSWORD.detail, WRONG_PASSWORD.errors)
    return int(done["ended"])


async def sign_in_by_password(
    request: Request, services: Services, shown: Shown
) -> tuple[dict[str, Any], str, str | None]:
    """The user and the session, its token, and that of the browser's device; a program has none. Raises Problem."""
    cookies, token, device = services.cookies, make_token(), None if shown.is_bearer else make_token()
    old_session, old_device = cookies.read(request, SESSION), cookies.read(request, DEVICE)
    started = await services.accounts.start_sign_in(
        shown.email, shown.address, old_device and hash_token(old_device)
    )
    check_wait("Too many sign-ins failed", started.retry_after)
    digest = await services.passwords.compute(shown.password, started.challenge)
    outcome = await services.accounts.finish_sign_in(
        started.attempt_id,
        digest,
        shown.code,
        hash_token(token),
        device and hash_token(device),
        None if shown.is_bearer else old_session and hash_token(old_session),
        request.headers.get("user-agent", "")[:AGENT] or None,
    )
    data = judge(outcome)
    if outcome.get("is_cheap"):
        challenge = make_challenge()
        again = await services.passwords.compute(shown.password, challenge)
        await services.accounts.renew_digest(hash_token(token), digest, challenge.salt, again)
    return data, token, device


def welcome(services: Services, data: dict[str, Any], token: str, device: str | None) -> Response[bytes]:
    """The answer to who has signed in: a token for a program, which has no device; cookies for a browser."""
    if device is None:
        return succeed(data | {"csrf_token": None, "token": token})
    return succeed(
        data | {"csrf_token": make_csrf_token(token), "token": None},
        services.cookies.write(SESSION, token, None),
        services.cookies.write(DEVICE, device, DEVICE_SECONDS),
    )


def judge(outcome: dict[str, Any]) -> dict[str, Any]:
    """The user and the session of a sign-in. Raises Problem (401) for one that failed, or needs a code."""
    if outcome["status"] == "code_needed":
        raise Problem(CODE_NEEDED, ASKS_CODE)
    if outcome["status"] != "signed_in":
        raise Problem(SIGN_IN_FAILED, FAILED)
    return {"user": outcome["user"], "session": outcome["session"]}


def read_kind(fields: Fields) -> str:
    """cookie or bearer. Raises Problem."""
    kind = fields.find("session", 20) or "cookie"
    if kind not in ("cookie", "bearer"):
        raise Problem.of_field("session", "another word", "cookie, bearer")
    return kind
