"""Passkeys: a user adds one in a session, and signs in by it without a password.

The browser signs a challenge of ours for the host of PUBLIC_URL, and for no other: a page that poses as ours gets
nothing. The signature is verified here, by py_webauthn; that the challenge was given and not used, and who may come in,
the database judges.
"""

import json
import secrets
from hashlib import sha256
from typing import Annotated, Any

import webauthn
from litestar import Response, delete, get, post
from litestar.params import PathParameter
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from leadgen.app.account_bodies import Fields, read_fields, succeed
from leadgen.app.accounts import (
    AGENT,
    BAD,
    BY_OTHERS,
    FAILED,
    FOREIGN,
    SIGN_IN_FAILED,
    SIGNED_OUT,
    judge,
    read_kind,
    welcome,
)
from leadgen.app.cookies import SESSION, hash_token, make_token
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
from leadgen.app.services import FromServices, Request, Services
from leadgen.app.signed_in import SIGN_IN_AGAIN, admit_session, as_user, check_origin
from leadgen.app.site import Site

PasskeyId = Annotated[int, PathParameter(description="The passkey.", schema_extra=OF_64_BITS)]

ISSUER = "LeadGen"
NO_SITE = "This server has no passkeys: PUBLIC_URL is not set"
ALLOWED = "what the browser made of the latest options, within 5 minutes, once"
LONGEST_PART = 6_000  # characters of a member of a credential
SHORTEST_ID, LONGEST_ID = 16, 1_023  # bytes
COUNTER = 2**32

OFF = refused(Problem(NOT_FOUND, NO_SITE))
BAD_CREDENTIAL = Problem.of_field("credential", "another value", ALLOWED)
TOO_OLD = refused(
    BY_OTHERS,
    Problem(SIGN_IN_AGAIN, "This needs a sign-in of the last 15 minutes"),
    description="Not from our page, or a session of more than 15 minutes",
)


@get(
    "/api/v1/auth/passkeys",
    summary="List passkeys",
    security=USER,
    operation_class=operation(
        answer(200, "The user's passkeys.", models.PasskeysAnswer), SIGNED_OUT, TOO_OFTEN
    ),
)
async def list_passkeys(request: Request, services: FromServices) -> Response[bytes]:
    """By which the user may sign in."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        return succeed(await services.accounts.list_passkeys(presented.token_hash))


@post(
    "/api/v1/auth/passkeys/options",
    status_code=200,
    summary="Begin to add a passkey",
    security=USER,
    operation_class=operation(
        answer(200, "For navigator.credentials.create().", models.PasskeyOptionsAnswer),
        SIGNED_OUT,
        TOO_OLD,
        OFF,
        TOO_OFTEN,
    ),
)
async def begin_passkey(request: Request, services: FromServices) -> Response[bytes]:
    """The options are good for 5 minutes."""
    presented = await admit_session(request, services)
    site, challenge = _find_site(services), secrets.token_bytes(32)
    with as_user(services, presented):
        who = await services.accounts.start_passkey(presented.token_hash, _hash(challenge))
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=ISSUER,
        user_id=str(who["user_id"]).encode(),
        user_name=who["email"],
        user_display_name=who["name"],
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes.fromhex(one)) for one in who["known"]],
    )
    return succeed({"public_key": json.loads(webauthn.options_to_json(options))})


@post(
    "/api/v1/auth/passkeys",
    status_code=201,
    summary="Add a passkey",
    security=USER,
    operation_class=operation(
        answer(201, "Added.", models.PasskeyAnswer),
        refused(BAD_CREDENTIAL, description="Malformed, not signed for us, or not of the latest options"),
        SIGNED_OUT,
        TOO_OLD,
        OFF,
        refused(
            Problem(CONFLICT, "The passkey is there already"), description="It is there, or there are 20"
        ),
        TOO_OFTEN,
        UNREADABLE,
        body=takes("What the browser made.", json=models.PasskeyToAdd),
    ),
)
async def add_passkey(request: Request, services: FromServices) -> Response[bytes]:
    """The user can sign in with it from now on."""
    presented = await admit_session(request, services)
    site = _find_site(services)
    fields = await read_fields(request, models.PasskeyToAdd)
    name, credential = fields.read("name", 200), _read_credential(fields)
    challenge = _read_challenge(credential)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _CAUGHT:
        raise _refuse() from None
    if not SHORTEST_ID <= len(made.credential_id) <= LONGEST_ID:
        raise _refuse()
    with as_user(services, presented):
        added = await services.accounts.add_passkey(
            presented.token_hash,
            _hash(challenge),
            name,
            made.credential_id,
            made.credential_public_key,
            made.sign_count,
        )
    return succeed(added, status=201)


@delete(
    "/api/v1/auth/passkeys/{passkey_id:int}",
    status_code=200,
    summary="Remove a passkey",
    security=USER,
    operation_class=operation(
        answer(200, "Removed.", models.DoneAnswer),
        SIGNED_OUT,
        TOO_OLD,
        refused(Problem(NOT_FOUND, "There is no such passkey")),
        TOO_OFTEN,
    ),
)
async def remove_passkey(request: Request, services: FromServices, passkey_id: PasskeyId) -> Response[bytes]:
    """Nobody signs in with it any more."""
    presented = await admit_session(request, services)
    with as_user(services, presented):
        await services.accounts.remove_passkey(presented.token_hash, passkey_id)
    return succeed({"status": "removed"})


@post(
    "/api/v1/auth/passkey-login/options",
    status_code=200,
    summary="Begin to sign in with a passkey",
    operation_class=operation(
        answer(200, "For navigator.credentials.get().", models.PasskeyOptionsAnswer), OFF, TOO_OFTEN
    ),
)
async def begin_passkey_login(request: Request, services: FromServices) -> Response[bytes]:
    """The same for everybody: the browser knows which passkeys it has for this host."""
    await services.admit_anybody(request)
    site, challenge = _find_site(services), secrets.token_bytes(32)
    await services.accounts.give_challenge(_hash(challenge))
    options = webauthn.generate_authentication_options(
        rp_id=site.host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
    )
    return succeed({"public_key": json.loads(webauthn.options_to_json(options))})


@post(
    "/api/v1/auth/passkey-login",
    status_code=200,
    summary="Sign in with a passkey",
    operation_class=operation(
        answer(200, "Signed in.", models.SignedInAnswer),
        refused(BAD, description="Malformed"),
        refused(Problem(SIGN_IN_FAILED, FAILED), description="The sign-in failed, for whatever reason"),
        FOREIGN,
        OFF,
        TOO_OFTEN,
        UNREADABLE,
        body=takes("What the browser signed.", json=models.PasskeyLogIn),
    ),
)
async def log_in_with_passkey(request: Request, services: FromServices) -> Response[bytes]:
    """No password and no code is asked for: the device has asked for a finger, a face or a PIN."""
    address = await services.admit_anybody(request)
    check_origin(request, services)
    site, cookies, token = _find_site(services), services.cookies, make_token()
    fields = await read_fields(request, models.PasskeyLogIn)
    credential, is_bearer = _read_credential(fields), read_kind(fields) == "bearer"
    challenge, credential_id = _read_challenge(credential), _decode(credential["rawId"])
    device, old_session = None if is_bearer else make_token(), cookies.read(request, SESSION)
    known = await services.accounts.find_passkey(credential_id[: LONGEST_ID + 1])
    sign_count = _verify(site, credential, challenge, *known) if known else None
    if sign_count is None:
        raise Problem(SIGN_IN_FAILED, FAILED)
    outcome = await services.accounts.finish_passkey_sign_in(
        _hash(challenge),
        credential_id,
        sign_count,
        hash_token(token),
        device and hash_token(device),
        None if is_bearer else old_session and hash_token(old_session),
        address,
        request.headers.get("user-agent", "")[:AGENT] or None,
    )
    return welcome(services, judge(outcome), token, device)


PASSKEY_ROUTES = (
    list_passkeys,
    begin_passkey,
    add_passkey,
    remove_passkey,
    begin_passkey_login,
    log_in_with_passkey,
)
# What odd bytes make of it; JSON that is nested too deep, a RecursionError.
_CAUGHT = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def _verify(
    site: Site, credential: dict[str, Any], challenge: bytes, public_key: bytes, sign_count: int
) -> int | None:
    """The counter that a passkey says, if its signature is right. Its counter is the database's to judge."""
    try:
        proof = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _CAUGHT:
        return None
    return proof.new_sign_count if 0 <= proof.new_sign_count < COUNTER else None


def _find_site(services: Services) -> Site:
    if services.site is None:
        raise Problem(NOT_FOUND, NO_SITE)
    return services.site


def _read_credential(fields: Fields) -> dict[str, Any]:
    """The credential of a body, its texts bounded. Raises Problem."""
    credential = fields.find_object("credential")
    response = credential.get("response") if credential else None
    texts = [credential.get(name) for name in ("id", "rawId", "type")] if credential else []
    texts += [response.get("clientDataJSON")] if isinstance(response, dict) else [None]
    every = [*texts, *(response.values() if isinstance(response, dict) else ())]
    if credential is None or not all(isinstance(text, str) and text for text in texts):
        raise _refuse()
    if any(isinstance(text, str) and len(text) > LONGEST_PART for text in every):
        raise _refuse()
    return credential


def _read_challenge(credential: dict[str, Any]) -> bytes:
    """The challenge that a credential answers. Raises Problem."""
    try:
        return parse_client_data_json(_decode(credential["response"]["clientDataJSON"])).challenge
    except _CAUGHT:
        raise _refuse() from None


def _decode(text: str) -> bytes:
    try:
        return base64url_to_bytes(text)
    except ValueError:
        raise _refuse() from None


def _hash(challenge: bytes) -> str:
    return sha256(challenge).hexdigest()


def _refuse() -> Problem:
    return Problem(BAD_CREDENTIAL.kind, BAD_CREDENTIAL.detail, BAD_CREDENTIAL.errors)
