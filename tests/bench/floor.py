"""The write floor: what PostgreSQL needs for the rows of one sold lead alone, nothing read, judged or ranked.

The values are copied from a lead that was really sold, into the same tables with their indexes, constraints and
triggers, in one transaction; ids come from the same sequences, and offer, buyer and enrollment vary as they do there.
"""

import re

import psycopg
from psycopg import sql

from .pgbench import DRAWS, PHONE
from .server import BUYER_OF

PLACES = r"""
\set c random(1, 20)
\set e (:o - 1) * 20 + :c
\set b """ + BUYER_OF.replace("%%", "%").replace("place", ":c").replace("offer", ":o")

# What differs from lead to lead; everything else is the copied value. None: left to the column's default.
NOW = "now()"
VARYING: dict[str, dict[str, str | None]] = {
    "leads": {
        "id": None,
        "created_at": NOW,
        "offer_id": ":o",
        "source_id": ":o",
        "buyer_id": ":b",
        "idempotency_key": "'auto:' || md5(:n::text) || md5(:o::text)",
        "email": "'j' || :n || '@example.org'",
        "phone": PHONE,
    },
    "lead_decisions": {"id": None, "lead_id": ":lead", "offer_id": ":o", "decided_at": NOW},
    "lead_assignments": {
        "id": None,
        "created_at": NOW,
        "lead_id": ":lead",
        "decision_id": ":decision",
        "offer_id": ":o",
        "buyer_id": ":b",
        "buyer_offer_id": ":e",
    },
    "deliveries": {
        "id": None,
        "created_at": NOW,
        "next_attempt_at": NOW,
        "message_id": None,
        "lead_id": ":lead",
        "assignment_id": ":sale",
        "buyer_id": ":b",
    },
}
USAGE = """update leadgen.enrollment_usage set
  hour_start = date_trunc('hour', now()), hour_count = hour_count + 1,
  day_start = date_trunc('day', now()), day_count = day_count + 1,
  week_start = date_trunc('week', now()), week_count = week_count + 1,
  month_start = date_trunc('month', now()), month_count = month_count + 1,
  last_turn = coalesce(last_turn, 0) + 1
where buyer_offer_id = :e"""
Statement = tuple[str, str | None]  # and the name its id is needed by


def copy_statements(admin: psycopg.Connection) -> list[Statement]:
    """The statements that write again what the latest sold lead left behind."""
    found = admin.execute("select max(lead_id) from leadgen.lead_assignments").fetchone()
    assert found
    lead = found[0]
    return [
        (copy_row(admin, "leads", "id = %s", lead), "lead"),
        (copy_row(admin, "lead_decisions", "lead_id = %s", lead), "decision"),
        (copy_row(admin, "lead_assignments", "lead_id = %s", lead), "sale"),
        (copy_row(admin, "deliveries", "channel = 'webhook' and lead_id = %s", lead), None),
        (copy_row(admin, "deliveries", "channel = 'email' and lead_id = %s", lead), None),
        (USAGE, None),
    ]


def copy_row(admin: psycopg.Connection, table: str, condition: str, lead: int) -> str:
    """An INSERT of one row as it stands, but for what varies."""
    varying = VARYING[table]
    columns = admin.execute(
        """
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
        """,
        [f"leadgen.{table}"],
    ).fetchall()
    values: dict[str, str] = {}
    for column, kind in columns:
        if column not in varying:
            query = f"select {column}::text from leadgen.{table} where {condition}"
            row = admin.execute(query.encode(), [lead]).fetchone()
            assert row
            values[column] = f"{sql.Literal(row[0]).as_string(admin)}::{kind}"
        elif (value := varying[column]) is not None:
            values[column] = value
    return f"insert into leadgen.{table} ({', '.join(values)}) values ({', '.join(values.values())})"


def plain_script(statements: list[Statement]) -> str:
    """A transaction of plain statements, each sent by the client."""
    lines = [f"{text} returning id as {name} \\gset" if name else f"{text};" for text, name in statements]
    return "\n".join([DRAWS, PLACES, "begin;", *(line.replace("\n", " ") for line in lines), "commit;", ""])


def function_script(admin: psycopg.Connection, statements: list[Statement]) -> str:
    """One call of a PL/pgSQL function that makes the same statements; creates the function."""
    names = {":lead": "v_lead", ":decision": "v_decision", ":sale": "v_sale"}
    names |= {f":{name}": f"p_{name}" for name in ("o", "n", "a", "e", "b")}
    lines = [f"{text} returning id into v_{name};" if name else f"{text};" for text, name in statements]
    body = "\n".join(lines)
    for variable, name in names.items():
        body = replace_variable(body, variable, name)
    admin.execute(
        f"""
        create schema bench;
        create function bench.write_lead(p_o bigint, p_n bigint, p_a integer, p_e bigint, p_b bigint) returns void
        language plpgsql as $floor$
        declare
          v_lead bigint;
          v_decision bigint;
          v_sale bigint;
        begin
        {body}
        end;
        $floor$
        """.encode()
    )
    return f"{DRAWS}{PLACES}\nselect bench.write_lead(:o, :n, :a, :e, :b);\n"


def replace_variable(text: str, variable: str, name: str) -> str:
    """Put a PL/pgSQL name where pgbench would put a value; casts (::) stay."""
    return re.sub(rf"(?<!:){variable}\b", name, text)
