"""A map that checks signatures is written while its source's secrets are removed: one of the two is refused."""

import psycopg
import pytest

from concurrency.sessions import PATIENCE, in_background, wait_until_blocked
from rig.catalogue import Catalogue, Offer
from rig.cluster import Connect

REMOVE = "select leadgen.remove_network_secrets(%s)"
WRITE = """
insert into leadgen.source_maps (source_id, field_map_id)
select %s, m.id from leadgen.field_maps m where m.slug = 'meta-lead-ads'
"""


@pytest.fixture
def source(admin: psycopg.Connection, catalogue: Catalogue, offer: Offer) -> int:
    """A partner's source with the secret of its network."""
    key = catalogue.add_source(offer.id, kind="partner_api")
    row = admin.execute("select id from leadgen.sources where source_key = %s", [key]).fetchone()
    assert row
    admin.execute("select leadgen.set_network_secrets(%s, 'hush')", [row[0]])
    return int(row[0])


@pytest.mark.parametrize(("first", "second", "fault"), [(WRITE, REMOVE, "LG409"), (REMOVE, WRITE, "LG423")])
def test_the_second_waits_and_is_refused(
    connect: Connect, admin: psycopg.Connection, source: int, first: str, second: str, fault: str
) -> None:
    one, other = connect("leadgen_dba"), connect("leadgen_dba")
    with in_background() as pool:
        with one.transaction():
            one.execute(first, [source])
            future = pool.submit(other.execute, second, [source])
            wait_until_blocked(admin, other, one, future, "transactionid")
        with pytest.raises(psycopg.Error) as refused:
            future.result(PATIENCE)
    assert refused.value.sqlstate == fault
    rows = admin.execute(
        "select (select count(*) from leadgen.source_maps), (select count(*) from leadgen.network_secrets)"
    ).fetchone()
    assert rows == ((1, 1) if first == WRITE else (0, 0))
