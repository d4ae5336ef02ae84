"""The routes by which people make keys: a user for its programs, an owner of a buyer for the buyer."""

from datetime import timedelta
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import PathParameter

from leadgen.api_keys import make_key
from leadgen.app.account_bodies import read_fields, succeed
from leadgen.app.accounts import BY_OTHERS, FOREIGN, SIGNED_OUT
from leadgen.app.openapi import account_models as models
from leadgen.app.openapi.operations import (
    OF_64_BITS,
    TOO_OFTEN,
    UNREADABLE,
    USER,
    answer,
    operation,
    refused,
    takes,
)
from leadgen.app.problems import CONFLICT, NOT_FOUND, Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.signed_in import SIGN_IN_AGAIN, admit_session, as_user

KeyId = Annotated[int, PathParameter(description="The key.", schema_extra=OF_64_BITS)]

USUAL_OVERLAP, LONGEST_OVERLAP = 24, 90 * 24  # hours
LONGEST_NAME = 200
LONGEST_SCOPE = 20

BAD = refused(Problem.of_field("name", "nothing", "text of 1 to 200 characters"), description="Malformed")
TOO_OLD = refused(
    BY_OTHERS,
    Problem(SIGN_IN_AGAIN, "This needs a sign-in of the last 15 minutes"),
    description="Not from our page, or a session of more than 15 minutes",
)
NO_KEY = refused(Problem(NOT_FOUND, "There is no such key"))


@get(
    "/api/v1/keys",
    summary="List keys",
    security=USER,
    operation_class=operation(answer(200, "The keys.", models.KeysAnswer), SIGNED_OUT, TOO_OFTEN),
)
async def list_own_keys(request: Request, services: FromServices) -> Response[bytes]:
    """The user's own and, of an owner, those of its buyer; also those that are not in force any more."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        return succeed(await services.accounts.list_keys(presented.token_hash))


@post(
    "/api/v1/keys",
    status_code=201,
    summary="Make a key",
    security=USER,
    operation_class=operation(
        answer(201, "The key. It is not shown again.", models.NewKeyAnswer),
        BAD,
        SIGNED_OUT,
        TOO_OLD,
        refused(Problem(CONFLICT, "There are too many keys")),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("The key.", json=models.KeyToMake),
    ),
)
async def create_own_key(request: Request, services: FromServices) -> Response[bytes]:
    """Of the user, for its programs: it may at most what the user may, and ends with the user. Or of its buyer."""
    presented = await admit_session(request, services)
    fields = await read_fields(request, models.KeyToMake)
    kind, name = fields.read("kind", LONGEST_SCOPE), fields.read("name", LONGEST_NAME)
    if kind not in ("user", "buyer"):
        raise Problem.of_field("kind", "another word", "user, buyer")
    scopes, expires_at = fields.find_texts("scopes", LONGEST_SCOPE), fields.find_moment("expires_at")
    key = make_key(kind)
    with as_user(services, presented):
        made = await services.accounts.create_key(presented.token_hash, kind, name, scopes, expires_at, key)
    return succeed(made | {"key": key.text}, status=201)


@post(
    "/api/v1/keys/{key_id:int}/rotate",
    status_code=201,
    summary="Replace a key",
    security=USER,
    operation_class=operation(
        answer(201, "The new key. It is not shown again.", models.ReplacedKeyAnswer),
        BAD,
        SIGNED_OUT,
        TOO_OLD,
        NO_KEY,
        refused(Problem(CONFLICT, "Key 7 is not in force")),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("How long both are taken.", json=models.KeyToReplace),
    ),
)
async def rotate_own_key(request: Request, services: FromServices, key_id: KeyId) -> Response[bytes]:
    """By one that may do the same. The old key is taken until the overlap is over."""
    presented = await admit_session(request, services)
    fields = await read_fields(request, models.KeyToReplace)
    hours = fields.find_number("overlap_hours", 0, LONGEST_OVERLAP)
    overlap = timedelta(hours=USUAL_OVERLAP if hours is None else hours)
    expires_at = fields.find_moment("expires_at")
    with as_user(services, presented):
        kinds = {one["id"]: one["kind"] for one in await services.accounts.list_keys(presented.token_hash)}
        key = make_key(kinds.get(key_id, "user"))
        made = await services.accounts.rotate_key(presented.token_hash, key_id, overlap, expires_at, key)
    return succeed(made | {"key": key.text}, status=201)


@delete(
    "/api/v1/keys/{key_id:int}",
    status_code=200,
    summary="Revoke a key",
    security=USER,
    operation_class=operation(
        answer(200, "It is revoked.", models.RevokedKeyAnswer), SIGNED_OUT, FOREIGN, NO_KEY, TOO_OFTEN
    ),
)
async def revoke_own_key(request: Request, services: FromServices, key_id: KeyId) -> Response[bytes]:
    """At once."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        return succeed({"revoked": await services.accounts.revoke_key(presented.token_hash, key_id)})
