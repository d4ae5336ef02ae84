"""Somebody is put out while a request of theirs waits: nothing that it would have made outlives that."""

from hashlib import sha256

import psycopg
import pytest

from concurrency.sessions import PATIENCE, in_background, wait_until_blocked
from rig.cluster import Connect

CREATE = """
select leadgen.create_user('ann@people.example', 'Ann', 'admin', null, null, null, repeat('s', 16)::bytea, sha256('x'))
"""
SESSION = """
insert into leadgen.user_sessions (created_at, user_id, token_hash, seen_at, expires_at)
values (now() - interval '5 minutes', %s, %s, now() - interval '5 minutes', now() + interval '1 hour')
"""
KEY = "select leadgen.create_key('user', %s, 'mine', null, null, 'abcdefgh', repeat('a', 64))"
LOCK = "select from leadgen.users where id = %s for update"
RESET = "select leadgen.set_user_password(%s, repeat('t', 16)::bytea, sha256('y'))"
TOKEN = sha256(b"token").hexdigest()


@pytest.mark.parametrize(
    "call",
    [
        "create_own_key(%s, 'user', 'another', null, null, 'hgfedcba', repeat('b', 64))",
        "rotate_own_key(%s, 1, interval '1 day', null, 'hgfedcba', repeat('b', 64))",
        "enrol_totp(%s)",
        "change_own_password(%s, sha256('x'), repeat('u', 16)::bytea, sha256('z'))",
    ],
)
def test_a_request_of_a_session_that_ends_makes_nothing(
    connect: Connect, admin: psycopg.Connection, call: str
) -> None:
    (ann,) = admin.execute(CREATE).fetchone() or (0,)
    admin.execute(SESSION, [ann, TOKEN])
    admin.execute(KEY, [ann])
    one, other = connect(), connect("leadgen_api")
    with in_background() as pool:
        with one.transaction():
            one.execute(LOCK, [ann])
            future = pool.submit(other.execute, f"select leadgen.{call}".encode(), [TOKEN])
            wait_until_blocked(admin, other, one, future, "transactionid")
            one.execute(RESET, [ann])
        with pytest.raises(psycopg.Error) as refused:
            future.result(PATIENCE)
    assert refused.value.sqlstate == "LG401"
    in_force = admin.execute(
        "select count(*) from leadgen.api_keys where user_id = %s and revoked_at is null", [ann]
    ).fetchone()
    assert in_force == (0,)
