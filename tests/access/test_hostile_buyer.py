"""A buyer whose session has fallen into the wrong hands: it acts for Ann, and wants what is Bob's.

Each probe is a list of statements in a session of its own, in a transaction that acts for Ann as leadgen_buyer, and
what must come back of the last one: rows, or the SQLSTATE by which one of them is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
import pytest

from access.people import ANN_KEY, BOB_KEY, RIVAL_KEY, Town, settle
from leadgen.db.urls import with_role

FORBIDDEN = "42501"
NO_ROW: list[tuple[object, ...]] = []
NONE: list[tuple[object, ...]] = [(0,)]


@dataclass(frozen=True)
class Probe:
    """What is tried, and what must come back; a name in braces is an id of the town."""

    name: str
    statements: list[LiteralString]
    comes: list[tuple[object, ...]] | str
    notices: list[str] = field(default_factory=list)


# Ann's own rows are there: a wall without a door would pass every other probe.
OWN = [
    Probe("its sales", ["select count(*) from for_buyers.sales"], [(3,)]),
    Probe(
        "the leads of sales that stand",
        ["select name from for_buyers.leads order by sale_id"],
        [("Own Of Ann",), ("Shared",)],
    ),
    Probe("its account", ["select name from for_buyers.account"], [("Ann",)]),
    Probe("its limits", ["select count(*) from for_buyers.limits"], [(2,)]),
    Probe("its areas", ["select scope_value from for_buyers.areas"], [("*",)]),
    Probe("its endpoints", ["select count(distinct target) from for_buyers.endpoints"], [(2,)]),
    Probe("its deliveries", ["select count(distinct sale_id) from for_buyers.deliveries"], [(3,)]),
    Probe("its returns", ["select reason_code from for_buyers.returns"], [("wrong_number",)]),
    Probe("its invoice", ["select invoice_number from for_buyers.invoices"], [("{ann_invoice}",)]),
    Probe(
        "its lines",
        [
            "select count(*) > 0, bool_and(invoice_id = i.id) from for_buyers.invoice_lines, "
            "leadgen.invoices i"
        ],
        [(True, True)],
    ),
    Probe(
        "its ledger adds up",
        [
            "select (select sum(amount) from for_buyers.ledger where account = 'buyer_receivable') = "
            "receivable from for_buyers.account"
        ],
        [(True,)],
    ),
    Probe("its payment", ["select payment_id from for_buyers.payments"], [("{ann_payment}",)]),
    Probe("its sales in the table", ["select count(id) from leadgen.lead_assignments"], [(3,)]),
    Probe("the offers that it is in", ["select count(id) from leadgen.offers"], [(2,)]),
    Probe("out by copy", ["copy (select count(*) from for_buyers.sales) to stdout"], [("3",)]),
]

READS = [
    Probe("a sale of Bob by id", ["select id from leadgen.lead_assignments where id = {bob_sale}"], NO_ROW),
    Probe("a lead of Bob by id", ["select name from leadgen.leads where id = {bob_lead}"], NO_ROW),
    Probe(
        "its own lead once it is returned",
        ["select name from leadgen.leads where id = {ann_returned_lead}"],
        NO_ROW,
    ),
    Probe(
        "Bob's part of a shared lead",
        ["select count(*) from leadgen.lead_assignments where lead_id = {shared_lead}"],
        [(1,)],
    ),
    Probe("all leads counted", ["select count(*) from leadgen.leads"], [(2,)]),
    Probe("all buyers counted", ["select count(*) from leadgen.buyers"], [(1,)]),
    Probe("a sample of all leads", ["select count(*) from leadgen.leads tablesample system (100)"], [(2,)]),
    Probe("Bob's ledger", ["select count(*) from leadgen.ledger_entries where buyer_id = {bob}"], NONE),
    Probe(
        "entries of the house", ["select count(*) from leadgen.ledger_entries where buyer_id is null"], NONE
    ),
    Probe(
        "Bob's transactions",
        ["select count(*) from leadgen.ledger_transactions where buyer_id is distinct from {ann}"],
        NONE,
    ),
    Probe(
        "Bob's invoice",
        ["select count(*) from leadgen.invoices where invoice_number = '{bob_invoice}'"],
        NONE,
    ),
    Probe(
        "lines of Bob's invoice",
        [
            "select count(*) from leadgen.invoice_lines where assignment_id = {bob_sale} or lead_id = "
            "{bob_lead}"
        ],
        NONE,
    ),
    Probe("its draft", ["select count(*) from leadgen.invoices where status = 'draft'"], NONE),
    Probe("Bob's payment", ["select count(*) from leadgen.payments where id = {bob_payment}"], NONE),
    Probe("Bob's addresses", ["select count(*) from leadgen.endpoints where buyer_id = {bob}"], NONE),
    Probe(
        "Bob's deliveries", ["select count(*) from leadgen.deliveries where assignment_id = {bob_sale}"], NONE
    ),
    Probe("Bob's returns", ["select count(*) from leadgen.sale_returns where buyer_id = {bob}"], NONE),
    Probe(
        "Bob's offer",
        [
            "select count(*) from leadgen.offers where name like '%' and id not in (select offer_id from "
            "for_buyers.limits)"
        ],
        NONE,
    ),
    Probe(
        "through XML",
        [
            "select query_to_xml('select 1 from leadgen.leads where id = {bob_lead}', true, true, '')::text "
            "= ''"
        ],
        [(True,)],
    ),
    Probe(
        "through a block",
        [
            "do $$ begin if (select count(*) from leadgen.leads) > 2 then raise 'more'; end if; end $$",
            "select 1",
        ],
        [(1,)],
    ),
    Probe(
        "through a table of its own",
        ["create temp table mine as select * from for_buyers.leads", "select count(*) from mine"],
        [(2,)],
    ),
]

COLUMNS = [
    Probe("what its lead cost", ["select cost from leadgen.lead_assignments"], FORBIDDEN),
    Probe("how its price was made", ["select price_steps from leadgen.lead_assignments"], FORBIDDEN),
    Probe("where its lead came from", ["select source_id from leadgen.leads"], FORBIDDEN),
    Probe("the address of a person", ["select ip_address from leadgen.leads"], FORBIDDEN),
    Probe("a lead as it was sent", ["select submitted from leadgen.leads"], FORBIDDEN),
    Probe("whole rows", ["select l from leadgen.leads l"], FORBIDDEN),
    Probe("where rows lie", ["select ctid, xmin from leadgen.leads"], FORBIDDEN),
    Probe("who booked", ["select booked_by from leadgen.ledger_transactions"], FORBIDDEN),
    Probe("decisions", ["select * from leadgen.lead_decisions"], FORBIDDEN),
    Probe("terms of others", ["select * from leadgen.enrollment_versions"], FORBIDDEN),
    Probe("sources", ["select * from leadgen.sources"], FORBIDDEN),
    Probe("keys", ["select * from leadgen.api_keys"], FORBIDDEN),
    Probe("what seals the context", ["select * from leadgen.link_secrets"], FORBIDDEN),
    Probe("the audit", ["select * from leadgen.audit_entries"], FORBIDDEN),
    Probe("the margin", ["select * from report.margin"], FORBIDDEN),
    Probe("what sources see", ["select * from for_sources.leads"], FORBIDDEN),
    Probe("numbers of sequences", ["select last_value from leadgen.leads_id_seq"], FORBIDDEN),
    Probe("the next number", ["select nextval('leadgen.leads_id_seq')"], FORBIDDEN),
    Probe(
        "numbers in the catalogue",
        ["select count(last_value) from pg_sequences where schemaname = 'leadgen'"],
        NONE,
    ),
    Probe("statistics", ["select count(*) from pg_stats where schemaname = 'leadgen'"], NONE),
    Probe("statistics as they lie", ["select * from pg_statistic"], FORBIDDEN),
]

CONTEXT = [
    Probe(
        "no context",
        ["rollback", "begin", "set local role leadgen_buyer", "select count(*) from for_buyers.sales"],
        NONE,
    ),
    Probe(
        "no context, leads",
        ["rollback", "begin", "set local role leadgen_buyer", "select count(*) from leadgen.leads"],
        NONE,
    ),
    Probe(
        "a context by hand",
        [
            "select set_config('leadgen.acts_as', 'buyer:{bob}:' || repeat('0', 64), true)",
            "select count(*) from for_buyers.sales",
        ],
        NONE,
    ),
    Probe(
        "its own seal under Bob's id",
        [
            "select set_config('leadgen.acts_as', regexp_replace(current_setting('leadgen.acts_as'), "
            "':.*:', ':{bob}:'), true)",
            "select count(*) from for_buyers.sales",
        ],
        NONE,
    ),
    Probe(
        "its own seal as a source",
        [
            "select set_config('leadgen.acts_as', replace(current_setting('leadgen.acts_as'), 'buyer', "
            "'source'), true)",
            "set local role leadgen_source",
            "select count(*) from for_sources.leads",
        ],
        NONE,
    ),
    Probe(
        "a context without a seal",
        ["set local leadgen.acts_as = 'buyer:{bob}:'", "select count(*) from for_buyers.sales"],
        NONE,
    ),
    Probe(
        "a context that is no text of ours",
        ["set local leadgen.acts_as = E'buyer:1\\n:%s'", "select count(*) from for_buyers.sales"],
        NONE,
    ),
    Probe(
        "a context that outlives its transaction",
        [
            "select set_config('leadgen.acts_as', current_setting('leadgen.acts_as'), false)",
            "commit",
            "begin",
            "set local role leadgen_buyer",
            "select count(*) from for_buyers.sales",
        ],
        NONE,
    ),
    Probe(
        "a context from a savepoint that is gone",
        [
            "rollback",
            "begin",
            "set local role leadgen_buyer",
            "savepoint s",
            "select leadgen.act_as_buyer('{ann_key}')",
            "rollback to s",
            "select count(*) from for_buyers.sales",
        ],
        NONE,
    ),
    Probe(
        "a plan that was made for Bob",
        [
            "rollback",
            "begin",
            "set local role leadgen_buyer",
            "select leadgen.act_as_buyer('{bob_key}')",
            "prepare sold as select count(id) from leadgen.lead_assignments where buyer_id = {bob}",
            "execute sold",
            "execute sold",
            "execute sold",
            "execute sold",
            "execute sold",
            "execute sold",
            "commit",
            "begin",
            "set local role leadgen_buyer",
            "select leadgen.act_as_buyer('{ann_key}')",
            "execute sold",
        ],
        NONE,
    ),
    Probe(
        "a cursor held over the commit",
        [
            "declare kept cursor with hold for select name from for_buyers.leads where sale_id > 0 order by "
            "sale_id",
            "commit",
            "fetch all from kept",
        ],
        [("Own Of Ann",), ("Shared",)],
    ),
    Probe("a key that is none", ["select leadgen.act_as_buyer(repeat('f', 64))"], "LG401"),
    Probe("a source's key for a buyer", ["select leadgen.act_as_buyer('{rival_key}')"], "LG401"),
    Probe("the signature's own function", ["select identity.sign_acting('buyer', {bob})"], FORBIDDEN),
    Probe("the context's own function", ["select identity.act_as('buyer', {bob})"], FORBIDDEN),
]

# Values of rows that are not shown must not come out by errors, notices or the order in which conditions are tried.
LEAKS = [
    Probe(
        "a function of its own that tells what it is given",
        [
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0001"
            " as $$ begin raise notice '%', $1; return true; end $$",
            "select count(*) from leadgen.leads where pg_temp.tell(name)",
        ],
        [(2,)],
        ["Own Of Ann", "Shared"],
    ),
    Probe(
        "the same through a view",
        [
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0001"
            " as $$ begin raise notice '%', $1; return true; end $$",
            "select count(*) from for_buyers.leads where pg_temp.tell(name)",
        ],
        [(2,)],
        ["Own Of Ann", "Shared"],
    ),
    Probe(
        "a division by what is Bob's",
        ["select count(*) from leadgen.leads where 1 / (id - {bob_lead}) > -9"],
        [(2,)],
    ),
    Probe(
        "a cast that would spell it out",
        ["select count(*) from leadgen.leads where left(message, 2) = '12' and message::int > 0"],
        NONE,
    ),
    Probe(
        "a sum of Bob's money in a condition",
        ["select count(*) from leadgen.invoices where 1 / (buyer_id - {bob}) > -9"],
        [(1,)],
    ),
]

ESCAPES = [
    Probe("another role", ["set local role leadgen_dba"], FORBIDDEN),
    Probe("the owner", ["set local role leadgen_owner"], FORBIDDEN),
    Probe("the role of reading functions", ["set local role leadgen_reader"], FORBIDDEN),
    Probe("the superuser", ["set local role postgres"], FORBIDDEN),
    Probe("the login again", ["reset role", "select * from leadgen.leads"], FORBIDDEN),
    Probe("the login's rights to views", ["reset role", "select * from for_buyers.sales"], FORBIDDEN),
    Probe("another login", ["set session authorization leadgen_dba"], FORBIDDEN),
    Probe(
        "row security off", ["set local row_security = off", "select count(id) from leadgen.leads"], FORBIDDEN
    ),
    Probe(
        "no row security for the table", ["alter table leadgen.leads disable row level security"], FORBIDDEN
    ),
    Probe("no policy", ["drop policy own_buyer on leadgen.leads"], FORBIDDEN),
    Probe("a policy of its own", ["create policy all_of_it on leadgen.leads using (true)"], FORBIDDEN),
    Probe(
        "a function in our schema",
        ["create function leadgen.f() returns int language sql as 'select 1'"],
        FORBIDDEN,
    ),
    Probe(
        "a trigger",
        [
            "create trigger t after insert on leadgen.leads execute function suppress_redundant_updates_trigger()"
        ],
        FORBIDDEN,
    ),
    Probe("an attribute", ["alter role leadgen_buyer bypassrls"], FORBIDDEN),
    Probe("another's role", ["grant leadgen_dba to leadgen_buyer"], FORBIDDEN),
    Probe(
        "a foreign key on leads: no temporary table has one",
        ["create temp table probe (id bigint references leadgen.leads (id))"],
        "42P16",
    ),
    Probe(
        "an insert that finds a key",
        ["insert into leadgen.users (email, name, role) values ('bob@buyer.example', 'x', 'buyer')"],
        FORBIDDEN,
    ),
    Probe("money", ["update leadgen.buyers set balance = 1000"], FORBIDDEN),
    Probe("an outcome", ["update leadgen.lead_assignments set outcome = 'returned'"], FORBIDDEN),
    Probe("a delete", ["delete from leadgen.leads"], FORBIDDEN),
    Probe("rows locked", ["select id from leadgen.lead_assignments for update"], FORBIDDEN),
    Probe("a table locked", ["lock table leadgen.leads in access share mode"], FORBIDDEN),
    Probe("an advisory lock", ["select pg_advisory_lock(1)"], FORBIDDEN),
    Probe("the workers' bell", ["select pg_notify('leadgen', '')"], FORBIDDEN),
    Probe("a table out by copy", ["copy leadgen.leads to stdout"], FORBIDDEN),
    Probe("a program", ["copy (select 1) to program 'id'"], FORBIDDEN),
    Probe("a file", ["select pg_read_file('/etc/passwd')"], FORBIDDEN),
    Probe("a file as a large object", ["select lo_import('/etc/passwd')"], FORBIDDEN),
    Probe("an extension", ["create extension dblink"], FORBIDDEN),
    Probe("another database", ["create server s foreign data wrapper postgres_fdw"], "42704"),
    Probe("a function of operators", ["select leadgen.explain_lead({bob_lead})"], FORBIDDEN),
    Probe("a function of workers", ["select leadgen.show_invoice('{bob_invoice}')"], FORBIDDEN),
    Probe(
        "the statements of others",
        ["select count(*) from pg_stat_activity where usename = 'leadgen_api' and query not like '<insuf%'"],
        NONE,
    ),
]

# The API's own login calls the functions of buyers; tables of the same names in pg_temp do not fool them.
SHADOWS = [
    "create temp table lead_assignments (id bigint, buyer_id bigint)",
    "create temp table api_keys (kind text, buyer_id bigint, key_hash text, scopes text[], revoked_at timestamptz)",
    "insert into pg_temp.api_keys values ('buyer', {bob}, '{ann_key}', '{read}', null)",
    "create function pg_temp.sha256(bytea) returns bytea language sql as $$ select ''::bytea $$",
    "set search_path = pg_temp, pg_catalog",
]
SHOWN = [
    Probe(
        "its own sale",
        [
            "reset role",
            *SHADOWS,
            "select (leadgen.show_sale('{ann_key}', {ann_sale}) ->> 'assignment_id')::bigint = {ann_sale}",
        ],
        [(True,)],
    ),
    Probe(
        "Bob's sale", ["reset role", *SHADOWS, "select leadgen.show_sale('{ann_key}', {bob_sale})"], "LG404"
    ),
    Probe(
        "Bob's invoice with its key",
        ["reset role", *SHADOWS, "select leadgen.show_own_invoice('{ann_key}', '{bob_invoice}')"],
        "LG404",
    ),
    Probe(
        "Bob's payment with its key",
        ["reset role", *SHADOWS, "select leadgen.show_payment('{ann_key}', {bob_payment})"],
        "LG404",
    ),
    Probe(
        "its ledger",
        [
            "reset role",
            *SHADOWS,
            "select leadgen.list_ledger('{ann_key}', null, 100)::text like '%assignment_id\": {bob_sale},%'",
        ],
        [(False,)],
    ),
]

PROBES = {
    "own": OWN,
    "reads": READS,
    "columns": COLUMNS,
    "context": CONTEXT,
    "leaks": LEAKS,
    "escapes": ESCAPES,
    "shown": SHOWN,
}


@pytest.fixture(scope="module")
def town(module_database: str) -> Town:
    """The market, written once for all probes: none of them changes it."""
    with psycopg.connect(module_database) as session:
        return settle(session)


@pytest.fixture
def ann(module_database: str, town: Town) -> Iterator[psycopg.Connection]:
    """A session of the API's login that has become Ann's."""
    with psycopg.connect(with_role(module_database, "leadgen_api"), autocommit=True) as session:
        session.execute("begin")
        session.execute("select leadgen.act_as_buyer(%s)", [ANN_KEY])
        session.execute("set local role leadgen_buyer")
        yield session


def words(town: Town) -> dict[str, object]:
    """What stands for the names in braces."""
    shared = set(town.ann.leads) & set(town.bob.leads)
    (bob_lead,) = set(town.bob.leads) - shared
    return {
        "ann": town.ann.id,
        "bob": town.bob.id,
        "ann_key": ANN_KEY,
        "bob_key": BOB_KEY,
        "rival_key": RIVAL_KEY,
        "ann_sale": town.ann.sales[0],
        "bob_sale": town.bob.sales[0],
        "bob_lead": bob_lead,
        "shared_lead": shared.pop(),
        "ann_returned_lead": town.ann.returned_lead,
        "ann_invoice": town.ann.invoice,
        "bob_invoice": town.bob.invoice,
        "ann_payment": town.ann.payment,
        "bob_payment": town.bob.payment,
    }


def fill(value: object, names: dict[str, object]) -> object:
    """A value with the names in braces replaced; one that is a name alone keeps its type."""
    if isinstance(value, str):
        if value.startswith("{") and value.endswith("}") and value[1:-1] in names:
            return names[value[1:-1]]
        for name, found in names.items():
            value = value.replace("{" + name + "}", str(found))
    return value


@pytest.mark.parametrize(
    "probe",
    [pytest.param(probe, id=f"{kind}: {probe.name}") for kind, probes in PROBES.items() for probe in probes],
)
def test_a_buyer_sees_its_own_and_nothing_else(ann: psycopg.Connection, town: Town, probe: Probe) -> None:
    names = words(town)
    told: list[str] = []
    ann.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
    *before, last = [str(fill(statement, names)) for statement in probe.statements]
    for statement in before:
        ann.execute(statement.encode())
    came = ask(ann, last)
    expected = probe.comes
    if isinstance(expected, list):
        expected = [tuple(fill(value, names) for value in row) for row in expected]
    assert came == expected
    assert sorted(told) == sorted(probe.notices)


def ask(session: psycopg.Connection, statement: str) -> object:
    """The rows that come, or the SQLSTATE of an error, which must not tell of Bob."""
    try:
        if statement.startswith("copy"):
            with session.cursor().copy(statement.encode()) as copy:
                return [tuple(line.decode().split()) for line in bytes_of(copy)]
        return session.execute(statement.encode()).fetchall()
    except psycopg.Error as error:
        said, state = str(error), error.sqlstate
    assert "Bob" not in said
    return state


def bytes_of(copy: psycopg.Copy) -> list[bytes]:
    """The lines that a copy brings."""
    return b"".join(bytes(part) for part in copy).splitlines()


def test_there_are_forty_probes_and_more() -> None:
    assert sum(map(len, PROBES.values())) >= 40 + len(OWN)


def test_a_wall_that_is_down_would_be_seen(database: str) -> None:
    with psycopg.connect(database) as session:
        town = settle(session)
        session.execute(
            "create policy open_door on leadgen.lead_assignments for select to leadgen_buyer using (true)"
        )
        session.execute("grant select (cost) on leadgen.lead_assignments to leadgen_buyer")
    with psycopg.connect(with_role(database, "leadgen_api")) as ann:
        ann.execute("set local role leadgen_buyer")
        assert ask(
            ann, f"select count(cost) from leadgen.lead_assignments where buyer_id = {town.bob.id}"
        ) == [(3,)]


# As if somebody had forgotten whose rows a function is to read: the same function without its condition.
FORGOTTEN = {
    "market.find_own_sale": (
        " and a.buyer_id = p_buyer_id",
        "select leadgen.show_sale('{ann_key}', {bob_sale})",
        "LG404",
    ),
    "roads.describe_own_invoice": (
        "i.buyer_id = p_buyer_id and ",
        "select leadgen.show_own_invoice('{ann_key}', '{bob_invoice}')",
        "LG404",
    ),
    "billing.describe_own_payment": (
        " and p.buyer_id = p_buyer_id",
        "select leadgen.show_payment('{ann_key}', {bob_payment})",
        "LG404",
    ),
    "billing.list_entries": (
        "n.buyer_id = p_buyer_id and ",
        "select count(*) from jsonb_array_elements(leadgen.list_ledger('{ann_key}', null, 100) -> 'entries') e"
        " where (e ->> 'assignment_id')::bigint = {bob_sale}",
        [(0,)],
    ),
    "billing.list_invoices": (
        "(p_buyer_id is null or i.buyer_id = p_buyer_id)\n    and ",
        "select count(*) from jsonb_array_elements(leadgen.list_own_invoices('{ann_key}') -> 'invoices') i"
        " where i ->> 'number' = '{bob_invoice}'",
        [(0,)],
    ),
}


@pytest.mark.parametrize("name", FORGOTTEN)
def test_a_forgotten_condition_shows_nothing_of_another(name: str, module_database: str, town: Town) -> None:
    """What buyers read over HTTP runs under row-level security."""
    condition, call, comes = FORGOTTEN[name]
    names = words(town)
    with psycopg.connect(module_database) as session:
        row = session.execute("select pg_get_functiondef(%s::regproc)", [name]).fetchone()
        assert row
        assert condition in row[0]
        session.execute(row[0].replace(condition, "").encode())
        with session.transaction(force_rollback=True):
            session.execute("set local role leadgen_api")
            assert ask(session, str(fill(call, names))) == comes
        # What the probe would find without it: the functions as the owner's, to whom no row is closed.
        for function in session.execute(
            "select oid::regprocedure::text from pg_proc where proowner = 'leadgen_reader'::regrole"
        ).fetchall():
            session.execute(f"alter function {function[0]} owner to leadgen_owner".encode())
        session.execute("set local role leadgen_api")
        assert ask(session, str(fill(call, names))) != comes
        session.rollback()


def test_what_is_not_there_and_what_is_anothers_are_refused_in_the_same_words(
    ann: psycopg.Connection, town: Town
) -> None:
    ann.execute("commit")
    said = []
    for sale in (town.bob.sales[0], 9_000_000):
        with pytest.raises(psycopg.Error) as refused:
            ann.execute("select leadgen.show_sale(%s, %s)", [ANN_KEY, sale])
        said.append(str(refused.value).replace(str(sale), "…"))
    assert said[0] == said[1]
    assert "There is no such sale" in said[0]


def test_a_login_of_a_buyers_own_sees_the_same(module_database: str, town: Town) -> None:
    """A role in leadgen_buyer, for a buyer with a database session of its own."""
    with psycopg.connect(module_database, autocommit=True) as admin:
        admin.execute("create role acme_reads login in role leadgen_buyer")
    try:
        with psycopg.connect(with_role(module_database, "acme_reads"), autocommit=True) as session:
            assert session.execute("select count(*) from for_buyers.sales").fetchone() == (0,)
            with session.transaction():
                session.execute("select leadgen.act_as_buyer(%s)", [ANN_KEY])
                assert session.execute("select count(*) from for_buyers.sales").fetchone() == (3,)
            assert session.execute("select count(*) from for_buyers.sales").fetchone() == (0,)
    finally:
        with psycopg.connect(module_database, autocommit=True) as admin:
            admin.execute("drop role acme_reads")


def test_a_context_of_another_session_counts_for_nothing(module_database: str, town: Town) -> None:
    url = with_role(module_database, "leadgen_api")
    with psycopg.connect(url) as bobs, psycopg.connect(url) as anns:
        bobs.execute("select leadgen.act_as_buyer(%s)", [BOB_KEY])
        row = bobs.execute("select current_setting('leadgen.acts_as')").fetchone()
        assert row
        anns.execute("set local role leadgen_buyer")
        anns.execute("select set_config('leadgen.acts_as', %s, true)", [row[0]])
        assert anns.execute("select count(*) from for_buyers.sales").fetchone() == (0,)
        bobs.execute("set local role leadgen_buyer")
        assert bobs.execute("select count(*) from for_buyers.sales").fetchone() == (3,)
