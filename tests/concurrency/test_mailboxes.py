"""The index of leads by their mailbox: while rows of providers change, and what a look-up reads."""

import psycopg
import pytest
from psycopg.types.json import Jsonb

from concurrency.sessions import PATIENCE, in_background, submit, wait_until_blocked
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Connect
from rig.mailboxes import check_index, codes

BY_MAILBOX = {"duplicate_window_hours": 24, "duplicate_match": ["mailbox"]}
OTHER_DOMAIN = """
insert into leadgen.mail_providers (domain, mailbox_domain, ignored_marks) values ('corp.example', 'corp.example', '.')
"""
FEW = 20  # rows that a lead reads of leads
LEADS = 300
COUNT = """
select coalesce(sum(idx_tup_fetch + seq_tup_read), 0), pg_stat_get_xact_numscans('leadgen.idx_leads_mailbox'::regclass)
from pg_stat_xact_user_tables where relid = 'leadgen.leads'::regclass
"""


def test_leads_that_come_while_the_rows_change_are_in_the_index(
    connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """One is not committed when the deploy makes the index anew; another waits for the deploy."""
    offer = catalogue.add_offer(rules=BY_MAILBOX)
    catalogue.enroll(offer)
    other = catalogue.add_offer(rules=BY_MAILBOX)
    catalogue.enroll(other)
    before, deploy, after = connect(), connect(), connect()
    assert not codes(submit(before, make_lead(offer.source_key, email="x.y@corp.example")))
    assert not codes(submit(after, make_lead(offer.source_key, email="x@corp.example")))
    deploy.execute(OTHER_DOMAIN)
    with in_background() as pool:
        with before.transaction():
            assert not codes(submit(before, make_lead(offer.source_key, email="j.doe@corp.example")))
            compiling = pool.submit(deploy.execute, "select catalog.compile_mailboxes()")
            wait_until_blocked(admin, deploy, before, compiling, "relation")
            waiting = pool.submit(submit, after, make_lead(other.source_key, email="a.b+1@corp.example"))
            wait_until_blocked(admin, after, deploy, waiting, "relation")
        compiling.result(PATIENCE)
        assert not codes(waiting.result(PATIENCE))
    check_index(admin, 3)
    assert codes(submit(after, make_lead(offer.source_key, email="jd.oe@corp.example"))) == ["duplicate"]
    assert codes(submit(before, make_lead(other.source_key, email="ab@corp.example"))) == ["duplicate"]
    assert codes(submit(before, make_lead(offer.source_key, email="xy@corp.example"))) == ["duplicate"]


@pytest.mark.parametrize("knows_mailboxes", [False, True])
def test_a_mailbox_is_a_few_probes(
    knows_mailboxes: bool, connect: Connect, admin: psycopg.Connection, catalogue: Catalogue
) -> None:
    """Whether or not the planner has statistics of it, and for who bought the contact before, too."""
    offer = catalogue.add_offer({"contact_window_days": 30}, BY_MAILBOX)
    catalogue.enroll(offer)
    admin.execute("alter table leadgen.leads set (autovacuum_enabled = off)")
    for number in range(LEADS):
        submit(admin, make_lead(offer.source_key, email=f"p.{number}+x@gmail.com"))
    admin.execute("analyze leadgen.leads")
    if not knows_mailboxes:
        admin.execute("delete from pg_statistic where starelid = 'leadgen.idx_leads_mailbox'::regclass")
    session = connect()
    with session.transaction():
        for email, is_known in (("new+1@gmail.com", False), ("p7@gmail.com", True)):
            (read, scans), *_ = session.execute(COUNT).fetchall()
            answer = session.execute(
                "select leadgen.submit_lead(%s)", [Jsonb(make_lead(offer.source_key, email=email))]
            ).fetchone()
            assert answer
            assert (codes(answer[0]) == ["duplicate"]) == is_known
            (read_then, scans_then), *_ = session.execute(COUNT).fetchall()
            assert read_then - read < FEW
            assert scans_then > scans
