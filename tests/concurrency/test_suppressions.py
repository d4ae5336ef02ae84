"""Suppression lists are locked in one order (list, part, contacts) by whoever writes, imports and tidies up."""

import psycopg

from concurrency.sessions import PATIENCE, in_background, wait_until_blocked
from rig.cluster import Connect

SUPPRESS = "select leadgen.suppress('email', %s, 'asked')"
FORGET = "select privacy.forget_suppressions()"
MAKE_OLD = "update leadgen.suppressions set expires_at = '2020-01-01'"
START = "select part_id from leadgen.start_suppression_import('dnc', 'email', null, null, true, sha256(%s::bytea))"
IMPORT = "select leadgen.import_suppressions(%s, 0, '{someone@example.com}')"
FINISH = "select replaced from leadgen.finish_suppression_import(%s)"
DROP = "select leadgen.drop_suppression_list('dnc')"


def test_a_part_that_somebody_holds_is_left_for_the_next_turn(
    connect: Connect, admin: psycopg.Connection
) -> None:
    admin.execute(SUPPRESS, ["old@example.com"])
    admin.execute(MAKE_OLD)
    hand, chore = connect("leadgen_dba"), connect()
    chore.execute("set lock_timeout = '5s'")  # reached only where it waits, which it must not
    with hand.transaction():
        hand.execute(SUPPRESS, ["new@example.com"])
        assert chore.execute(FORGET).fetchone() == (0,)
        hand.execute(SUPPRESS, ["old@example.com"])
    admin.execute(MAKE_OLD)
    assert chore.execute(FORGET).fetchone() == (2,)


def test_a_list_is_dropped_while_a_file_replaces_another(connect: Connect, admin: psycopg.Connection) -> None:
    admin.execute("select leadgen.ensure_suppression_list('dnc', null, null)")
    parts = [row[0] for file in (b"1", b"2") if (row := admin.execute(START, [file]).fetchone())]
    admin.execute(IMPORT, [parts[1]])
    importer, dropper, holder = connect("leadgen_dba"), connect("leadgen_dba"), connect()
    with in_background() as pool:
        with holder.transaction():  # holds the first part, so that both are on their way at once
            holder.execute("select from leadgen.suppression_parts where id = %s for update", [parts[0]])
            finish = pool.submit(importer.execute, FINISH, [parts[1]])
            wait_until_blocked(admin, importer, holder, finish, "transactionid")
            drop = pool.submit(dropper.execute, DROP)
            wait_until_blocked(admin, dropper, importer, drop, "transactionid")
        finish.result(PATIENCE)
        drop.result(PATIENCE)
    left = admin.execute(
        "select array_agg(distinct status) from leadgen.suppression_parts where id > 0"
    ).fetchone()
    assert left == (["dropped"],)
