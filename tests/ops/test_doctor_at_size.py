"""What `leadgen doctor` asks reads what is open, however many leads there are that are done with."""

from collections.abc import Callable

import psycopg
from psycopg.types.json import Jsonb

from api.serving import add_catalogue, make_lead

DONE = 5_000
TABLES = ("leads", "lead_assignments", "deliveries", "lead_decisions", "ledger_entries")
COPY = """
insert into leadgen.{table} ({columns}) overriding system value
select {values} from leadgen.{table} t cross join generate_series(1, %s) n
where t.id = (select min(id) from leadgen.{table})
"""
COLUMNS = """
select a.attname::text from pg_attribute a
where a.attrelid = format('leadgen.%%I', %s::text)::regclass
  and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
order by a.attnum
"""
READ = """
select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
where schemaname = 'leadgen' and relname = any (%s)
"""
OTHERWISE = {
    "id": "t.id + 100 + n",
    "idempotency_key": "null",
    "assignment_id": "t.assignment_id + 100 + n",
    "lead_id": "t.lead_id + 100 + n",
    "message_id": "gen_random_uuid()",
}


def multiply(session: psycopg.Connection, table: str) -> None:
    """Give a table as many rows as its first, under other ids."""
    columns = [name for (name,) in session.execute(COLUMNS, [table]).fetchall()]
    values = ", ".join(OTHERWISE.get(name, f"t.{name}") for name in columns)
    statement = COPY.format(table=table, columns=", ".join(columns), values=values)
    session.execute(statement.encode(), [DONE])


def test_a_doctor_does_not_read_what_is_done(
    database: str, connect: Callable[..., psycopg.Connection]
) -> None:
    add_catalogue(database)
    session = connect()
    answer = session.execute("select leadgen.submit_lead(%s) ->> 'status'", [Jsonb(make_lead())]).fetchone()
    assert answer == ("accepted",)
    session.execute("set session_replication_role = replica")
    session.execute(
        "update leadgen.deliveries set status = 'delivered', next_attempt_at = null, finished_at = now()"
    )
    session.execute(
        "update leadgen.lead_assignments set outcome = 'accepted', answer_by = null, pass_on_at = null"
    )
    for table in ("leads", "lead_assignments", "deliveries"):
        multiply(session, table)
    session.execute("reset session_replication_role")
    session.execute("vacuum analyze")
    with session.transaction():
        market = session.execute("select subject, verdict from leadgen.diagnose_market()").fetchall()
        read: dict[str, int] = dict(session.execute(READ, [list(TABLES)]).fetchall())
    assert len(market) >= 9
    assert {table: rows for table, rows in read.items() if rows > 100} == {}
