"""A user is erased while a sign-in of it is judged: neither of the two is the victim of a deadlock."""

import psycopg

from concurrency.sessions import PATIENCE, in_background, wait_until_blocked
from rig.cluster import Connect

MAKE = """
with made as (
  insert into leadgen.users (email, name, role, status, verified_at, approved_at)
  values ('ann@people.example', 'Ann', 'analyst', 'active', now(), now())
  returning id
)
insert into leadgen.sign_in_attempts (created_at, user_id, subjects)
select now(), m.id, '{}' from made m
returning user_id
"""
ERASE = "select leadgen.erase_holding('user', %s, 'asked for it')"


def test_sign_ins_are_locked_before_their_user(connect: Connect, admin: psycopg.Connection) -> None:
    row = admin.execute(MAKE).fetchone()
    assert row
    sign_in, eraser = connect(), connect("leadgen_dba")
    with in_background() as pool:
        with sign_in.transaction():  # as finish_sign_in: the attempt, then the user
            sign_in.execute("select from leadgen.sign_in_attempts where user_id = %s for update", row)
            erased = pool.submit(eraser.execute, ERASE, row)
            wait_until_blocked(admin, eraser, sign_in, erased, "transactionid")
            sign_in.execute("select from leadgen.users where id = %s for update nowait", row)
        assert erased.result(PATIENCE).fetchone() == (True,)
