"""What the index of leads by their mailbox says, held against what the function says of each lead."""

from typing import Any

import psycopg

INDEXED = """
select l.id from leadgen.leads l
where ref.fold_mailbox(l.email) = any (
    select ref.fold_mailbox(x.email) from leadgen.leads x)
  and ref.fold_mailbox(l.email) <> l.email
order by l.id
"""
ALL = "select l.id from leadgen.leads l where ref.fold_mailbox(l.email) || '' <> l.email order by l.id"


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["code"] for error in answer.get("errors", [])]


def check_index(session: psycopg.Connection[Any], least: int) -> None:
    """The index has every lead whose address is not its mailbox's, and no other."""
    with session.transaction():
        session.execute("set local enable_seqscan = off")
        plan = "\n".join(line for (line,) in session.execute(f"explain {INDEXED}".encode()))
        assert "idx_leads_mailbox" in plan, plan
        indexed = session.execute(INDEXED.encode()).fetchall()
    assert indexed == session.execute(ALL.encode()).fetchall()
    assert len(indexed) >= least
