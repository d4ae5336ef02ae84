"""The routes of a user's sessions, and of the app and the recovery codes that it signs in with."""

import secrets
from typing import Annotated, Any

import pyotp
from litestar import Response, delete, get, post
from litestar.params import PathParameter

from leadgen.app.account_bodies import check_wait, read_fields, succeed
from leadgen.app.accounts import BY_OTHERS, FOREIGN, MOST_CODE, SIGNED_OUT
from leadgen.app.cookies import hash_token
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
from leadgen.app.problems import CONFLICT, NOT_FOUND, TOO_MANY, Kind, Problem
from leadgen.app.services import FromServices, Request
from leadgen.app.signed_in import SIGN_IN_AGAIN, admit_session, as_user

SessionId = Annotated[int, PathParameter(description="The session.", schema_extra=OF_64_BITS)]

WRONG_CODE = Kind(403, "wrong-code", "The code is not valid")
ISSUER = "LeadGen"
RECOVERY_CODES = 10
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # 5 bits each: a code of 16 has 80

NO_CODE = Problem.of_field("code", "nothing", f"text of 1 to {MOST_CODE} characters")
BAD_CODE = Problem.of_field(
    "code", "another code", "the code that the app shows now, not used before, or a recovery code", WRONG_CODE
)
NO_SESSION = Problem(NOT_FOUND, "There is no such session")
IN_THE_WAY = refused(
    Problem(CONFLICT, "Codes are asked for already"),
    description="There is an app, or none, where it must not be",
)
TOO_OLD = Problem(SIGN_IN_AGAIN, "This needs a sign-in of the last 15 minutes")
GUESSED = refused(
    TOO_MANY, description="A rate limit is reached, or too many codes were wrong. See Retry-After."
)
BODY = takes("A code.", json=models.OneTimeCode)


@get(
    "/api/v1/auth/sessions",
    summary="List sessions",
    security=USER,
    operation_class=operation(
        answer(200, "Where the user is signed in.", models.SessionsAnswer), SIGNED_OUT, TOO_OFTEN
    ),
)
async def list_sessions(request: Request, services: FromServices) -> Response[bytes]:
    """The sessions in force, the one used last first."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        return succeed(await services.accounts.list_sessions(presented.token_hash))


@delete(
    "/api/v1/auth/sessions/{session_id:int}",
    status_code=200,
    summary="End a session",
    security=USER,
    operation_class=operation(
        answer(200, "Ended.", models.RevokedAnswer), SIGNED_OUT, FOREIGN, refused(NO_SESSION), TOO_OFTEN
    ),
)
async def end_session(request: Request, services: FromServices, session_id: SessionId) -> Response[bytes]:
    """One of the user's own, also the one that asks."""
    return await _end(request, services, session_id)


@delete(
    "/api/v1/auth/sessions",
    status_code=200,
    summary="End every session",
    security=USER,
    operation_class=operation(answer(200, "Ended.", models.RevokedAnswer), SIGNED_OUT, FOREIGN, TOO_OFTEN),
)
async def end_sessions(request: Request, services: FromServices) -> Response[bytes]:
    """All of the user's, the one that asks, too."""
    return await _end(request, services, None)


@post(
    "/api/v1/auth/totp",
    status_code=200,
    summary="Enrol an authenticator app",
    security=USER,
    operation_class=operation(
        answer(200, "What the app needs. It is not shown again.", models.TotpAnswer),
        SIGNED_OUT,
        refused(BY_OTHERS, TOO_OLD, description="Not from our page, or a session of more than 15 minutes"),
        IN_THE_WAY,
        TOO_OFTEN,
    ),
)
async def enrol_totp(request: Request, services: FromServices) -> Response[bytes]:
    """Codes are asked for once a first one has confirmed it."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        made = await services.accounts.enrol_totp(presented.token_hash)
    return succeed({"secret": made["secret"], "uri": write_uri(made)})


@post(
    "/api/v1/auth/totp/confirm",
    status_code=200,
    summary="Confirm the app",
    security=USER,
    operation_class=operation(
        answer(200, "Confirmed.", models.RecoveryCodesAnswer),
        refused(NO_CODE, description="Malformed"),
        SIGNED_OUT,
        refused(BAD_CODE, TOO_OLD, BY_OTHERS, description="A wrong code, an old session, or not our page"),
        IN_THE_WAY,
        GUESSED,
        UNREADABLE,
        body=BODY,
    ),
)
async def confirm_totp(request: Request, services: FromServices) -> Response[bytes]:
    """By a first code. The answer has the recovery codes, which are not shown again."""
    presented = await admit_session(request, services)
    code, codes = await _read_code(request), make_recovery_codes()
    with as_user(services, presented):
        done = await services.accounts.confirm_totp(presented.token_hash, code, hash_codes(codes))
    check_code(done)
    return succeed({"recovery_codes": codes})


@post(
    "/api/v1/auth/totp/recovery-codes",
    status_code=200,
    summary="Make new recovery codes",
    security=USER,
    operation_class=operation(
        answer(200, "The old ones are void.", models.RecoveryCodesAnswer),
        refused(NO_CODE, description="Malformed"),
        SIGNED_OUT,
        refused(BAD_CODE, BY_OTHERS, description="A wrong code, or not our page"),
        IN_THE_WAY,
        GUESSED,
        UNREADABLE,
        body=BODY,
    ),
)
async def renew_recovery_codes(request: Request, services: FromServices) -> Response[bytes]:
    """By a code of the app, or an old recovery code."""
    presented = await admit_session(request, services)
    code, codes = await _read_code(request), make_recovery_codes()
    with as_user(services, presented):
        done = await services.accounts.make_recovery_codes(presented.token_hash, code, hash_codes(codes))
    check_code(done)
    return succeed({"recovery_codes": codes})


@post(
    "/api/v1/auth/totp/remove",
    status_code=200,
    summary="Remove the app",
    security=USER,
    operation_class=operation(
        answer(200, "No codes are asked for any more.", models.DoneAnswer),
        refused(NO_CODE, description="Malformed"),
        SIGNED_OUT,
        refused(BAD_CODE, BY_OTHERS, description="A wrong code, or not our page"),
        IN_THE_WAY,
        GUESSED,
        UNREADABLE,
        body=BODY,
    ),
)
async def remove_totp(request: Request, services: FromServices) -> Response[bytes]:
    """By a code of the app, or a recovery code."""
    presented = await admit_session(request, services)
    code = await _read_code(request)
    with as_user(services, presented):
        done = await services.accounts.remove_totp(presented.token_hash, code)
    check_code(done)
    return succeed({"status": "removed"})


def write_uri(made: dict[str, Any]) -> str:
    """What an app reads of a QR code: otpauth://totp/…"""
    return pyotp.TOTP(made["secret"]).provisioning_uri(name=made["account"], issuer_name=ISSUER)


def make_recovery_codes() -> list[str]:
    """Ten codes of 16 letters and digits, in fours."""
    codes = ("".join(secrets.choice(LETTERS) for _ in range(16)) for _ in range(RECOVERY_CODES))
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def hash_codes(codes: list[str]) -> list[str]:
    """SHA-256 of the codes without hyphens, as identity.use_code reads them."""
    return [hash_token(code.replace("-", "")) for code in codes]


def check_code(done: dict[str, Any]) -> None:
    """Raise Problem for a code that was wrong, or one too many."""
    check_wait("Too many codes were wrong", done.get("retry_after", 0))
    if done["status"] != "done":
        raise Problem(WRONG_CODE, BAD_CODE.detail, BAD_CODE.errors)


async def _end(request: Request, services: FromServices, session_id: int | None) -> Response[bytes]:
    presented = await admit_session(request, services)
    with as_user(services, presented):
        count = await services.accounts.revoke_sessions(presented.token_hash, session_id)
    return succeed({"revoked": count})


async def _read_code(request: Request) -> str:
    return (await read_fields(request, models.OneTimeCode)).read("code", MOST_CODE)
