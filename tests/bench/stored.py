"""Leads that a database has had before: copies of some that were really handed in, written by plain SQL.

A copy is the lead's row, and for some its decision, sales and deliveries as well: whatever columns there are; only
what must differ does. Triggers and foreign keys are off meanwhile, and indexes are built afterwards.
"""

import psycopg

from .lead import submit_script
from .pgbench import run_script
from .server import Bench

SAMPLES = 400  # leads handed in
SHARE = 5  # one copy in so many has its decision, sales and deliveries
ROOM = 10  # ids of sales and deliveries for each copy

# The copies: n is a copy's number, sample the lead it is of, at its time. `ids` are the first free ones.
COPIES = """
create temp table sample as
select row_number() over (order by lead_id) - 1 as place, lead_id
from (select distinct lead_id from leadgen.lead_assignments) sold;
create temp table copy as
select
  n, s.lead_id as sample,
  current_timestamp - interval '1 hour' - (%(count)s - n) * interval '60 days' / %(count)s as at
from generate_series(0, %(count)s::bigint - 1) n
join sample s on s.place = n %% (select count(*) from sample);
analyze copy;
create temp table ids as select
  (select max(id) + 1 from leadgen.leads) as lead,
  (select max(id) + 1 from leadgen.lead_decisions) as decision,
  (select max(id) + 1 from leadgen.lead_assignments) as sale,
  (select max(id) + 1 from leadgen.deliveries) as delivery
"""
# What differs, where a table has such a column; t is the sample's row.
DIFFERS = {
    "leads": {
        "id": "ids.lead + c.n",
        "created_at": "c.at",
        "updated_at": "c.at",
        "delivered_at": "c.at",
        "email": "'k' || c.n || '@example.org'",
        "phone": "'+1' || 212 + c.n % 8 || 2000000 + c.n * 7919 % 7999999",
        "idempotency_key": "'auto:' || encode(sha256(c.n::text::bytea), 'hex')",
        "request_hash": "sha256(c.n::text::bytea)",
    },
    "lead_decisions": {"id": "ids.decision + c.n", "lead_id": "ids.lead + c.n", "decided_at": "c.at"},
    "lead_assignments": {
        "id": f"ids.sale + c.n * {ROOM} + t.id % {ROOM}",
        "created_at": "c.at",
        "updated_at": "c.at",
        "lead_id": "ids.lead + c.n",
        "decision_id": "ids.decision + c.n",
    },
    "deliveries": {
        "id": f"ids.delivery + c.n * {ROOM} + t.id % {ROOM}",
        "created_at": "c.at",
        "lead_id": "ids.lead + c.n",
        "assignment_id": f"ids.sale + c.n * {ROOM} + t.assignment_id % {ROOM}",
        "message_id": "gen_random_uuid()",
        "status": "'delivered'",
        "attempts": "1",
        "next_attempt_at": "null",
        "finished_at": "c.at",
    },
}
COLUMNS = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped"
# But for those that a constraint keeps.
INDEXES = """
select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
from pg_index i
where i.indrelid = %s::regclass and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
"""


def store_leads(bench: Bench, database: str, count: int) -> None:
    """Hand some leads in, and copy those that were sold until there are so many more."""
    run_script(bench, database, submit_script(), 1, SAMPLES)
    with bench.connect(database) as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute("set synchronous_commit = off")
        admin.execute("set maintenance_work_mem = '1GB'")
        psycopg.ClientCursor(admin).execute(COPIES, {"count": count})
        for table in DIFFERS:
            copy_rows(admin, table)
        admin.execute("vacuum analyze")


def copy_rows(admin: psycopg.Connection, table: str) -> None:
    """Write a table's part of the copies."""
    name, differs = f"leadgen.{table}", DIFFERS[table]
    columns = [column for (column,) in admin.execute(COLUMNS, [name])]
    values = [differs.get(column, f"t.{column}") for column in columns]
    key, some = ("id", "true") if table == "leads" else ("lead_id", f"c.n % {SHARE} = 0")
    indexes = admin.execute(INDEXES, [name]).fetchall()
    statements = [
        *(f"drop index {index}" for index, _ in indexes),
        f"""
        insert into {name} ({", ".join(columns)}) overriding system value
        select {", ".join(values)}
        from copy c join {name} t on t.{key} = c.sample, ids
        where {some}
        """,
        *(definition for _, definition in indexes),
        f"select setval(pg_get_serial_sequence('{name}', 'id'), (select max(id) from {name}))",
    ]
    for statement in statements:
        admin.execute(statement.encode())
