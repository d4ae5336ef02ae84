"""The routes by which an admin manages users, and an owner of a buyer those of its buyer."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import PathParameter

from leadgen.app.account_bodies import LONGEST_EMAIL, read_fields, succeed
from leadgen.app.account_queries import Invited
from leadgen.app.accounts import BY_OTHERS, SIGNED_OUT
from leadgen.app.openapi import account_models as models
from leadgen.app.openapi.operations import (
    OF_64_BITS,
    TOO_OFTEN,
    UNREADABLE,
    USER,
    answer,
    operation,
    parameter,
    refused,
    takes,
)
from leadgen.app.problems import CONFLICT, NOT_FOUND, Problem
from leadgen.app.queries import MAX_BIGINT
from leadgen.app.services import FromServices, Request
from leadgen.app.signed_in import NOT_ALLOWED, SIGN_IN_AGAIN, admit_session, as_user

UserId = Annotated[int, PathParameter(description="The user.", schema_extra=OF_64_BITS)]

PAGE = 100
LONGEST_WORD = 30
LONGEST_REASON = 300
STATUSES = ("pending", "active", "deactivated", "suspended")

BARRED = refused(
    Problem(NOT_ALLOWED, "Users are managed by admins, and a buyer's by its owners"),
    description="The user manages nobody",
)
BARRED_OR_OLD = refused(
    Problem(NOT_ALLOWED, "Users are managed by admins, and a buyer's by its owners"),
    Problem(SIGN_IN_AGAIN, "This needs a sign-in of the last 15 minutes"),
    BY_OTHERS,
    description="The user manages nobody, has not signed in lately, or it is not our page",
)
NO_USER = refused(Problem(NOT_FOUND, "There is no such user"))
NO_BINDING = Problem(NOT_FOUND, "The user has no binding to an identity provider")
BAD_QUERY = Problem.of_field("status", "another word", ", ".join(STATUSES))


@get(
    "/api/v1/users",
    summary="List users",
    security=USER,
    operation_class=operation(
        answer(200, f"At most {PAGE}.", models.UsersAnswer),
        refused(BAD_QUERY, description="Malformed"),
        SIGNED_OUT,
        BARRED,
        TOO_OFTEN,
        parameters=(
            parameter("query", "status", "Only those.", required=False, enum=list(STATUSES)),
            parameter(
                "query", "after", "The last id of the page before.", required=False, pattern="^[0-9]{1,19}$"
            ),
        ),
    ),
)
async def list_users(request: Request, services: FromServices) -> Response[bytes]:
    """By id: all for an admin, those of its buyer for an owner."""
    presented = await admit_session(request, services)
    status, after = request.query_params.get("status"), request.query_params.get("after")
    if status is not None and status not in STATUSES:
        raise Problem(BAD_QUERY.kind, BAD_QUERY.detail, BAD_QUERY.errors)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < LONGEST_WORD):
        raise Problem.of_field("after", "another text", f"a whole number of 0 to {MAX_BIGINT}")
    with as_user(services, presented):
        last = None if after is None else int(after)
        return succeed(await services.accounts.list_users(presented.token_hash, status, last, PAGE))


@post(
    "/api/v1/users",
    status_code=201,
    summary="Invite a user",
    security=USER,
    operation_class=operation(
        answer(201, "Invited: an e-mail with a link is on its way.", models.ManagedUserAnswer),
        refused(Problem.of_field("role", "nothing", "one of the roles"), description="Malformed"),
        SIGNED_OUT,
        BARRED_OR_OLD,
        refused(Problem(NOT_FOUND, "There is no such buyer")),
        refused(Problem(CONFLICT, "The e-mail address has a user")),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("Who is invited.", json=models.Invitation),
    ),
)
async def invite_user(request: Request, services: FromServices) -> Response[bytes]:
    """By the link it chooses a password and becomes active."""
    presented = await admit_session(request, services)
    fields = await read_fields(request, models.Invitation)
    who = Invited(
        fields.read("email", LONGEST_EMAIL),
        fields.read("name", 200),
        fields.read("role", LONGEST_WORD),
        fields.find_number("buyer_id", 1, MAX_BIGINT),
        fields.find_number("source_id", 1, MAX_BIGINT),
        fields.find("member_kind", LONGEST_WORD),
    )
    with as_user(services, presented):
        return succeed(await services.accounts.invite_user(presented.token_hash, who), status=201)


@post(
    "/api/v1/users/{user_id:int}/approve",
    status_code=200,
    summary="Approve a sign-up",
    security=USER,
    operation_class=operation(
        answer(200, "Active, or pending until its address is verified.", models.ManagedUserAnswer),
        refused(Problem.of_field("buyer_id", "nothing", "the id of a buyer"), description="Malformed"),
        SIGNED_OUT,
        BARRED_OR_OLD,
        NO_USER,
        refused(Problem(CONFLICT, "User 12 is no sign-up that waits")),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("Whose user it becomes.", json=models.Approval),
    ),
)
async def approve_user(request: Request, services: FromServices, user_id: UserId) -> Response[bytes]:
    """For admins. A sign-up is refused by the status deactivated."""
    presented = await admit_session(request, services)
    fields = await read_fields(request, models.Approval)
    buyer_id = fields.find_number("buyer_id", 1, MAX_BIGINT)
    if buyer_id is None:
        raise Problem.of_field("buyer_id", "nothing", "the id of a buyer")
    kind = fields.find("member_kind", LONGEST_WORD) or "owner"
    with as_user(services, presented):
        return succeed(await services.accounts.approve_user(presented.token_hash, user_id, buyer_id, kind))


@post(
    "/api/v1/users/{user_id:int}/status",
    status_code=200,
    summary="Stop a user, or let it in again",
    security=USER,
    operation_class=operation(
        answer(200, "The user.", models.ManagedUserAnswer),
        refused(
            Problem.of_field("reason", "nothing", "text of 1 to 300 characters"), description="Malformed"
        ),
        SIGNED_OUT,
        BARRED_OR_OLD,
        NO_USER,
        refused(Problem(CONFLICT, "User 1 is the only active admin")),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("What it becomes.", json=models.StatusChange),
    ),
)
async def change_user_status(request: Request, services: FromServices, user_id: UserId) -> Response[bytes]:
    """Who is stopped is signed out at once, and the keys of its programs end."""
    presented = await admit_session(request, services)
    fields = await read_fields(request, models.StatusChange)
    status, reason = fields.read("status", LONGEST_WORD), fields.read("reason", LONGEST_REASON)
    with as_user(services, presented):
        return succeed(await services.accounts.change_status(presented.token_hash, user_id, status, reason))


@post(
    "/api/v1/users/{user_id:int}/reset",
    status_code=202,
    summary="Send a user a link to set a password",
    security=USER,
    operation_class=operation(
        answer(202, "An e-mail is on its way.", models.DoneAnswer),
        SIGNED_OUT,
        BARRED_OR_OLD,
        NO_USER,
        refused(Problem(CONFLICT, "User 12 cannot set a password")),
        TOO_OFTEN,
    ),
)
async def send_reset(request: Request, services: FromServices, user_id: UserId) -> Response[bytes]:
    """To somebody invited who never came, the invitation again."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        await services.accounts.send_reset(presented.token_hash, user_id)
    return succeed({"status": "sent"}, status=202)


@delete(
    "/api/v1/users/{user_id:int}/sessions",
    status_code=200,
    summary="Sign a user out",
    security=USER,
    operation_class=operation(
        answer(200, "Of every session.", models.RevokedAnswer),
        SIGNED_OUT,
        BARRED_OR_OLD,
        NO_USER,
        refused(Problem(CONFLICT, "You cannot manage your own user")),
        TOO_OFTEN,
    ),
)
async def revoke_user(request: Request, services: FromServices, user_id: UserId) -> Response[bytes]:
    """Everywhere, at once."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        return succeed({"revoked": await services.accounts.revoke_user(presented.token_hash, user_id)})


@post(
    "/api/v1/users/{user_id:int}/bindings/remove",
    status_code=200,
    summary="Remove a user's bindings to an identity provider",
    security=USER,
    operation_class=operation(
        answer(200, "Removed.", models.DoneAnswer),
        refused(
            Problem.of_field("reason", "nothing", "text of 1 to 300 characters"), description="Malformed"
        ),
        SIGNED_OUT,
        BARRED_OR_OLD,
        refused(NO_BINDING, description="There is no such user, or it has no binding"),
        refused(Problem(CONFLICT, "You cannot manage your own user")),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("Why.", json=models.BindingsRemoval),
    ),
)
async def remove_bindings(request: Request, services: FromServices, user_id: UserId) -> Response[bytes]:
    """For admins. The next account there that has the user's verified e-mail address is bound."""
    presented = await admit_session(request, services)
    reason = (await read_fields(request, models.BindingsRemoval)).read("reason", LONGEST_REASON)
    with as_user(services, presented):
        count = await services.accounts.remove_bindings(presented.token_hash, user_id, reason)
    if count == 0:
        raise Problem(NO_BINDING.kind, NO_BINDING.detail)
    return succeed({"status": "removed"})


USER_ROUTES = (
    list_users,
    invite_user,
    approve_user,
    change_user_status,
    send_reset,
    revoke_user,
    remove_bindings,
)
