"""The SQL functions of people who sign up, in and out. Passwords, tokens and cookies go in as digests only."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from leadgen.api_keys import NewKey
from leadgen.app.errors import retrying
from leadgen.app.metrics import CONNECTIONS_IN_USE
from leadgen.app.queries import MAX_BIGINT, NO_ID
from leadgen.db.pool import Pool, borrow
from leadgen.passwords import Challenge

SIGN_UP = "select leadgen.sign_up(%s, %s, %s, %s, %s, %s, %s)"
VERIFY = "select leadgen.verify_user(%s)::text"
FORGOT = "select leadgen.forgot_password(%s, %s)"
RESET = "select leadgen.reset_password(%s, %s, %s, %s)::text"
START = (
    "select attempt_id, retry_after, salt, memory_kib, passes, lanes from leadgen.start_sign_in(%s, %s, %s)"
)
FINISH = "select leadgen.finish_sign_in(%s, %s, %s, %s, %s, %s, %s)::text"
SHOW_ME = "select leadgen.show_me(%s)::text"
SIGN_OUT = "select leadgen.sign_out(%s)"
LIST_SESSIONS = "select leadgen.list_own_sessions(%s)::text"
REVOKE_SESSIONS = "select leadgen.revoke_own_sessions(%s, %s)"
ENROL_TOTP = "select leadgen.enrol_totp(%s)::text"
CONFIRM_TOTP = "select leadgen.confirm_totp(%s, %s, %s)::text"
MAKE_RECOVERY_CODES = "select leadgen.make_recovery_codes(%s, %s, %s)::text"
REMOVE_TOTP = "select leadgen.remove_own_totp(%s, %s)::text"

LIST_KEYS = "select leadgen.list_own_keys(%s)::text"
CREATE_KEY = "select leadgen.create_own_key(%s, %s, %s, %s, %s, %s, %s)::text"
ROTATE_KEY = "select leadgen.rotate_own_key(%s, %s, %s, %s, %s, %s)::text"
REVOKE_KEY = "select leadgen.revoke_own_key(%s, %s)"

FIND_CHALLENGE = "select salt, memory_kib, passes, lanes from leadgen.find_own_challenge(%s)"
CHANGE_PASSWORD = "select leadgen.change_own_password(%s, %s, %s, %s)::text"  # noqa: S105  a call
RENEW_DIGEST = "select leadgen.renew_own_digest(%s, %s, %s, %s)"
LIST_USERS = "select leadgen.list_users_for(%s, %s, %s, %s)::text"
INVITE_USER = "select leadgen.invite_user_for(%s, %s, %s, %s, %s, %s, %s)::text"
APPROVE_USER = "select leadgen.approve_user_for(%s, %s, %s, %s)::text"
CHANGE_STATUS = "select leadgen.change_user_status_for(%s, %s, %s, %s)::text"
SEND_RESET = "select leadgen.send_reset_for(%s, %s)"
REVOKE_USER = "select leadgen.revoke_user_sessions_for(%s, %s)"

LIST_PASSKEYS = "select leadgen.list_own_passkeys(%s)::text"
START_PASSKEY = "select leadgen.start_passkey(%s, %s)::text"
ADD_PASSKEY = "select leadgen.add_passkey(%s, %s, %s, %s, %s, %s)::text"
REMOVE_PASSKEY = "select leadgen.remove_own_passkey(%s, %s)"
GIVE_CHALLENGE = "select leadgen.start_passkey_sign_in(%s)"
FIND_PASSKEY = "select public_key, sign_count from leadgen.find_passkey(%s)"
FINISH_PASSKEY = "select leadgen.finish_passkey_sign_in(%s, %s, %s, %s, %s, %s, %s, %s)::text"

START_PROVIDER = "select leadgen.start_provider_sign_in(%s)"
TAKE_STATE = "select attempt_id, retry_after from leadgen.take_provider_state(%s, %s)"
FINISH_PROVIDER = (
    "select leadgen.finish_provider_sign_in(%s, %s, %s, %s, %s, %s::timestamptz, %s, %s, %s, %s)::text"
)
REMOVE_BINDINGS = "select leadgen.remove_user_bindings_for(%s, %s, %s)"

Json = dict[str, Any]


class SignUp(NamedTuple):
    """Who signs up, from where, and the digest of the password."""

    email: str
    name: str
    company: str | None
    phone: str | None
    salt: bytes
    digest: bytes
    address: str | None


class Named(NamedTuple):
    """Whom a provider has named, verified."""

    issuer: str
    subject: str
    email: str  # which the provider has verified
    is_mfa: bool  # whether the provider says that it asked for two factors
    proved_at: datetime | None  # when it asked; None: it does not say


class Invited(NamedTuple):
    """Who is invited, and as what."""

    email: str
    name: str
    role: str
    buyer_id: int | None
    source_id: int | None
    member_kind: str | None


class Started(NamedTuple):
    """A sign-in that began. `retry_after` above 0: it has to wait so many seconds, and there is no challenge."""

    attempt_id: int
    retry_after: int
    challenge: Challenge


class AccountQueries:
    """The calls, on the pool. Each raises Problem for whatever the database refuses or cannot do."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def sign_up(self, who: SignUp) -> int:
        """Sign a buyer up, or tell the user of the address that somebody tried. Above 0: so many seconds to wait."""
        return int(await self._call(SIGN_UP, who))

    async def verify_user(self, token_hash: str) -> Json:
        """Verify an address by the token of an e-mail: {status}."""
        return await self._json(VERIFY, [token_hash])

    async def forgot_password(self, email: str, address: str | None) -> int:
        """Send a link to whoever has this address, if anybody does. Above 0: so many seconds to wait."""
        return int(await self._call(FORGOT, [email, address]))

    async def reset_password(self, token_hash: str, salt: bytes, digest: bytes, device_hash: str) -> Json:
        """Set a password by the token of an e-mail: {status}."""
        return await self._json(RESET, [token_hash, salt, digest, device_hash])

    async def start_sign_in(self, email: str, address: str | None, device_hash: str | None) -> Started:
        """Count a sign-in, and learn how its digest is computed."""
        attempt_id, retry_after, *challenge = await self._row(START, [email, address, device_hash])
        return Started(attempt_id, retry_after, Challenge(*challenge))

    async def finish_sign_in(
        self,
        attempt_id: int,
        digest: bytes,
        code: str | None,
        token_hash: str,
        device_hash: str | None,
        old_token_hash: str | None,
        agent: str | None,
    ) -> Json:
        """What the sign-in comes to: {status}, and {user, session} of one who is signed in."""
        arguments = [attempt_id, digest, code, token_hash, device_hash, old_token_hash, agent]
        return await self._json(FINISH, arguments)

    async def show_me(self, token_hash: str) -> Json:
        """The user and the session: {user, session}."""
        return await self._json(SHOW_ME, [token_hash])

    async def sign_out(self, token_hash: str) -> None:
        """End a session."""
        await self._call(SIGN_OUT, [token_hash])

    async def list_sessions(self, token_hash: str) -> list[Json]:
        """Where the user is signed in."""
        found: list[Json] = json.loads(await self._call(LIST_SESSIONS, [token_hash]))
        return found

    async def revoke_sessions(self, token_hash: str, session_id: int | None) -> int:
        """End one session of the user, or all; how many."""
        one = None if session_id is None else _bound(session_id)
        return int(await self._call(REVOKE_SESSIONS, [token_hash, one]))

    async def enrol_totp(self, token_hash: str) -> Json:
        """A new secret for an app: {secret, account}."""
        return await self._json(ENROL_TOTP, [token_hash])

    async def confirm_totp(self, token_hash: str, code: str, code_hashes: list[str]) -> Json:
        """Confirm the app by a code: {status, retry_after}."""
        return await self._json(CONFIRM_TOTP, [token_hash, code, code_hashes])

    async def make_recovery_codes(self, token_hash: str, code: str, code_hashes: list[str]) -> Json:
        """Keep new recovery codes: {status, retry_after}."""
        return await self._json(MAKE_RECOVERY_CODES, [token_hash, code, code_hashes])

    async def remove_totp(self, token_hash: str, code: str) -> Json:
        """Remove the app: {status, retry_after}."""
        return await self._json(REMOVE_TOTP, [token_hash, code])

    async def list_keys(self, token_hash: str) -> list[Json]:
        """The keys of the user and, of an owner, of its buyer."""
        found: list[Json] = json.loads(await self._call(LIST_KEYS, [token_hash]))
        return found

    async def create_key(
        self,
        token_hash: str,
        kind: str,
        name: str,
        scopes: list[str] | None,
        expires_at: datetime | None,
        key: NewKey,
    ) -> Json:
        """Keep a new key of the user or its buyer: as list_keys has it."""
        arguments = [token_hash, kind, name, scopes, expires_at, key.prefix, key.digest]
        return await self._json(CREATE_KEY, arguments)

    async def rotate_key(
        self, token_hash: str, key_id: int, overlap: timedelta, expires_at: datetime | None, key: NewKey
    ) -> Json:
        """Keep a new key in the place of another: as list_keys has it, and in `replaces` the old one."""
        arguments = [token_hash, _bound(key_id), overlap, expires_at, key.prefix, key.digest]
        return await self._json(ROTATE_KEY, arguments)

    async def revoke_key(self, token_hash: str, key_id: int) -> bool:
        """Revoke a key; False: it was before."""
        return bool(await self._call(REVOKE_KEY, [token_hash, _bound(key_id)]))

    async def find_challenge(self, token_hash: str) -> Challenge:
        """How the digest of the user's password is computed."""
        return Challenge(*await self._row(FIND_CHALLENGE, [token_hash]))

    async def change_password(self, token_hash: str, digest_now: bytes, salt: bytes, digest: bytes) -> Json:
        """Give the user a new password, if the old one is right: {status, retry_after, ended}."""
        return await self._json(CHANGE_PASSWORD, [token_hash, digest_now, salt, digest])

    async def renew_digest(self, token_hash: str, digest_now: bytes, salt: bytes, digest: bytes) -> None:
        """Keep the same password at the cost of new ones."""
        await self._call(RENEW_DIGEST, [token_hash, digest_now, salt, digest])

    async def list_users(
        self, token_hash: str, status: str | None, after: int | None, limit: int
    ) -> list[Json]:
        """The users that the user manages."""
        arguments = [token_hash, status, None if after is None else min(after, MAX_BIGINT), limit]
        found: list[Json] = json.loads(await self._call(LIST_USERS, arguments))
        return found

    async def invite_user(self, token_hash: str, who: Invited) -> Json:
        """Make a user and send it a link; the user."""
        ids = [None if one is None else _bound(one) for one in (who.buyer_id, who.source_id)]
        arguments = [token_hash, who.email, who.name, who.role, *ids, who.member_kind]
        return await self._json(INVITE_USER, arguments)

    async def approve_user(self, token_hash: str, user_id: int, buyer_id: int, member_kind: str) -> Json:
        """Approve a sign-up; the user."""
        return await self._json(APPROVE_USER, [token_hash, _bound(user_id), _bound(buyer_id), member_kind])

    async def change_status(self, token_hash: str, user_id: int, status: str, reason: str) -> Json:
        """Make a user active, suspended or deactivated; the user."""
        return await self._json(CHANGE_STATUS, [token_hash, _bound(user_id), status, reason])

    async def send_reset(self, token_hash: str, user_id: int) -> str:
        """Send a user a link to set a password: invite or reset."""
        return str(await self._call(SEND_RESET, [token_hash, _bound(user_id)]))

    async def revoke_user(self, token_hash: str, user_id: int) -> int:
        """Sign a user out everywhere; of how many sessions."""
        return int(await self._call(REVOKE_USER, [token_hash, _bound(user_id)]))

    async def list_passkeys(self, token_hash: str) -> list[Json]:
        """The user's passkeys."""
        found: list[Json] = json.loads(await self._call(LIST_PASSKEYS, [token_hash]))
        return found

    async def start_passkey(self, token_hash: str, challenge_hash: str) -> Json:
        """To whom a passkey is added: {user_id, email, name, known}."""
        return await self._json(START_PASSKEY, [token_hash, challenge_hash])

    async def add_passkey(
        self,
        token_hash: str,
        challenge_hash: str,
        name: str,
        credential_id: bytes,
        public_key: bytes,
        sign_count: int,
    ) -> Json:
        """Add a passkey that was verified."""
        arguments = [token_hash, challenge_hash, name, credential_id, public_key, sign_count]
        return await self._json(ADD_PASSKEY, arguments)

    async def remove_passkey(self, token_hash: str, passkey_id: int) -> None:
        """Remove a passkey of the user."""
        await self._call(REMOVE_PASSKEY, [token_hash, _bound(passkey_id)])

    async def give_challenge(self, challenge_hash: str) -> None:
        """Remember what somebody who signs in has to sign."""
        await self._call(GIVE_CHALLENGE, [challenge_hash])

    async def find_passkey(self, credential_id: bytes) -> tuple[bytes, int] | None:
        """The public key and the counter of a passkey; None: nobody has it."""
        public_key, sign_count = await self._row(FIND_PASSKEY, [credential_id])
        return None if public_key is None else (public_key, sign_count)

    async def finish_passkey_sign_in(
        self,
        challenge_hash: str,
        credential_id: bytes,
        sign_count: int,
        token_hash: str,
        device_hash: str | None,
        old_token_hash: str | None,
        address: str | None,
        agent: str | None,
    ) -> Json:
        """What the sign-in comes to: {status}, and {user, session} of one who is signed in."""
        arguments = [challenge_hash, credential_id, sign_count, token_hash, device_hash, old_token_hash]
        return await self._json(FINISH_PASSKEY, [*arguments, address, agent])

    async def start_provider(self, state_hash: str) -> None:
        """Remember the state of a browser that goes to the provider."""
        await self._call(START_PROVIDER, [state_hash])

    async def take_state(self, state_hash: str | None, address: str | None) -> tuple[int | None, int]:
        """The attempt of a browser that comes back, None for a wrong state; and for how many seconds to wait."""
        attempt_id, retry_after = await self._row(TAKE_STATE, [state_hash, address])
        return attempt_id, retry_after or 0

    async def finish_provider(
        self,
        attempt_id: int,
        named: Named | None,
        token_hash: str,
        device_hash: str,
        old_token_hash: str | None,
        agent: str | None,
    ) -> Json:
        """What the sign-in comes to: {status}, with {user, session} or {failure}. None: nothing was verified."""
        who = named or (None, None, None, False, None)
        return await self._json(
            FINISH_PROVIDER, [attempt_id, *who, token_hash, device_hash, old_token_hash, agent]
        )

    async def remove_bindings(self, token_hash: str, user_id: int, reason: str) -> int:
        """Remove a user's bindings to accounts at providers; how many."""
        return int(await self._call(REMOVE_BINDINGS, [token_hash, _bound(user_id), reason]))

    async def _json(self, query: str, arguments: Sequence[object]) -> Json:
        found: Json = json.loads(await self._call(query, arguments))
        return found

    async def _call(self, query: str, arguments: Sequence[object]) -> Any:
        (value,) = await self._row(query, arguments)
        return value

    async def _row(self, query: str, arguments: Sequence[object]) -> tuple[Any, ...]:
        return await retrying(partial(self._once, query, arguments))

    async def _once(self, query: str, arguments: Sequence[object]) -> tuple[Any, ...]:
        async with borrow(self._pool) as connection:
            with CONNECTIONS_IN_USE.track_inprogress():
                (row,) = await (await connection.execute(query, arguments)).fetchall()
                return row


def _bound(row_id: int) -> int:
    """An id that a column can hold: one that no row has in the place of one that is too large."""
    return row_id if 0 < row_id <= MAX_BIGINT else NO_ID
