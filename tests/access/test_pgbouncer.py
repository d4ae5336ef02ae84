"""PgBouncer in transaction mode stands between (FAULTS 16): nobody gets what another's transaction left behind.

The API of this file reaches its database through it, by two sessions of the server. Tests of other files are played
again with it: FAULTS 4 to 8, 33 and 35, and buyers who answer and read.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from access.people import ANN_KEY, BOB_KEY, settle
from api.serving import Api, add_catalogue, make_lead, running_api
from api.test_assignments import (
    sale,
    test_a_buyer_sees_its_sale,
    test_a_sale_is_accepted_and_stays_so,
)
from api.test_bad_input import (
    test_a_bad_key_in_the_body_is_refused,
    test_a_bad_key_in_the_header_is_refused,
    test_a_body_of_64_kb_is_read_and_one_byte_more_is_not,
    test_a_chunked_body_is_bounded_too,
    test_a_compressed_body_is_refused,
    test_a_malformed_body_is_refused,
    test_an_announced_size_is_refused_before_the_body_is_sent,
    test_every_bad_key_gets_the_same_answer,
    test_keys_that_differ_between_header_and_body_are_refused,
    test_two_keys_in_headers_are_refused,
    test_what_is_refused_is_kept_with_the_answer,
)
from api.test_invoices import (
    number,
    test_a_buyer_gets_its_statement,
    test_a_buyer_reads_its_invoices,
    test_an_invoice_of_another_is_not_shown,
)
from concurrency.conftest import admin, catalogue, offer
from concurrency.test_frozen_sales import tamper, test_no_role_changes_a_record
from leadgen.db.urls import database_name, with_role
from rig.bouncer import running_bouncer
from rig.cluster import Cluster, Connect
from rig.programs import needs

__all__ = [
    "admin", "catalogue", "number", "offer", "sale", "tamper",
    "test_a_bad_key_in_the_body_is_refused", "test_a_bad_key_in_the_header_is_refused",
    "test_a_body_of_64_kb_is_read_and_one_byte_more_is_not", "test_a_buyer_gets_its_statement",
    "test_a_buyer_reads_its_invoices", "test_a_buyer_sees_its_sale", "test_a_chunked_body_is_bounded_too",
    "test_a_compressed_body_is_refused", "test_a_malformed_body_is_refused", "test_a_sale_is_accepted_and_stays_so",
    "test_an_announced_size_is_refused_before_the_body_is_sent", "test_an_invoice_of_another_is_not_shown",
    "test_every_bad_key_gets_the_same_answer", "test_keys_that_differ_between_header_and_body_are_refused",
    "test_no_role_changes_a_record", "test_two_keys_in_headers_are_refused",
    "test_what_is_refused_is_kept_with_the_answer",
]  # fmt: skip

pytestmark = needs("pgbouncer")
SOLD = "select coalesce(string_agg(name, ', ' order by sale_id), 'nothing') from for_buyers.leads"
SEEN = {"ann": "Own Of Ann, Shared", "bob": "Own Of Bob, Shared", None: "nothing"}
KEYS = {"ann": ANN_KEY, "bob": BOB_KEY}


@contextmanager
def pooled(cluster: Cluster, database: str, size: int = 2) -> Iterator[str]:
    """The superuser's URL of a database through PgBouncer in transaction mode."""
    directory = Path(mkdtemp(prefix="bouncer-", dir=cluster.shelf))
    with running_bouncer(cluster.server, database_name(database), directory, "transaction", size) as url:
        yield url


@pytest.fixture(scope="module")
def api(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API whose database is behind PgBouncer."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with pooled(cluster, database) as url, running_api(url, tmp_path_factory.mktemp("api")) as running:
            running.database = database
            yield running


@pytest.fixture
def shared_database(api: Api) -> Iterator[psycopg.Connection]:
    """A superuser's session on the database of `api`, past PgBouncer."""
    with psycopg.connect(api.database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def connect(cluster: Cluster, database: str) -> Iterator[Connect]:
    """Sessions on this test's database through PgBouncer."""
    with ExitStack() as sessions:
        url = sessions.enter_context(pooled(cluster, database))

        def open_session(role: str = "postgres") -> psycopg.Connection:
            session = psycopg.connect(with_role(url, role), autocommit=True, prepare_threshold=None)
            return sessions.enter_context(session)

        yield open_session


def look(session: psycopg.Connection, who: str | None) -> str:
    """What a transaction that acts for a buyer, or for nobody, sees of all leads."""
    with session.transaction():
        if who:
            session.execute("select leadgen.act_as_buyer(%s)", [KEYS[who]])
        session.execute("set local role leadgen_buyer")
        row = session.execute(SOLD).fetchone()
        assert row
        return str(row[0])


def test_a_context_never_goes_to_the_next_client(cluster: Cluster, database: str) -> None:
    """Two clients take turns on one session of the server: the session stays, the context does not."""
    with psycopg.connect(database) as session:
        settle(session)
    with pooled(cluster, database, size=1) as url, ExitStack() as sessions:
        first, second = (
            sessions.enter_context(
                psycopg.connect(with_role(url, "leadgen_api"), autocommit=True, prepare_threshold=None)
            )
            for _ in range(2)
        )
        pids = {one.execute("select pg_backend_pid()").fetchone() for one in (first, second)}
        assert len(pids) == 1
        for who in ("ann", None, "bob", None, "ann", "bob"):
            assert look(first, who) == SEEN[who]
            assert look(second, None) == "nothing"
            assert second.execute("select current_user::text, current_setting('leadgen.acts_as', true)").fetchone() == (
                "leadgen_api", "",
            )  # fmt: skip
        with pytest.raises(psycopg.Error):
            second.execute(SOLD)


def test_many_clients_see_their_own(cluster: Cluster, database: str) -> None:
    """Eight clients, two sessions of the server, and nobody in particular, Ann and Bob in any order."""
    with psycopg.connect(database) as session:
        settle(session)
    with pooled(cluster, database) as url:

        def play(number: int) -> Counter[tuple[str | None, str]]:
            seen: Counter[tuple[str | None, str]] = Counter()
            with psycopg.connect(
                with_role(url, "leadgen_api"), autocommit=True, prepare_threshold=None
            ) as session:
                for turn in range(30):
                    who = ("ann", "bob", None)[(turn * 7 + number) % 3]
                    seen[who, look(session, who)] += 1
            return seen

        with ThreadPoolExecutor(8) as clients:
            seen = sum(clients.map(play, range(8)), Counter[tuple[str | None, str]]())
    assert set(seen) == set(SEEN.items())
    assert seen.total() == 240


def test_line_breaks_in_a_name_write_no_line_of_the_log(
    api: Api, shared_database: psycopg.Connection
) -> None:
    """FAULTS 7."""
    answer = api.post(make_lead(name="Jane\r\nlevel=error Forged"))
    query = "select name from leadgen.leads where id = %s"
    row = shared_database.execute(query, [answer.json["lead_id"]]).fetchone()
    assert row == ("Jane level=error Forged",)
    assert "Forged" not in api.log


def test_an_erasure_with_a_delivery_pending(
    api: Api, cluster: Cluster, shared_database: psycopg.Connection
) -> None:
    """FAULTS 33: handed in and erased through the pooler."""
    lead = api.post(make_lead(name="Erika Mustermann")).json["lead_id"]
    with (
        pooled(cluster, api.database) as url,
        psycopg.connect(with_role(url, "leadgen_dba"), prepare_threshold=None) as dba,
    ):
        dba.execute("select leadgen.erase_lead(%s, 'asked')", [lead])
    row = shared_database.execute(
        """
        select l.name, (select array_agg(distinct d.status::text) from leadgen.deliveries d where d.lead_id = l.id)
        from leadgen.leads l where l.id = %s
        """,
        [lead],
    ).fetchone()
    assert row == ("", ["cancelled"])
    assert "Mustermann" not in api.log
