"""The catalogue of sql/seeds/demo, and what a running demo adds to it: addresses on loopback and keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadgen.api_keys import make_key
from leadgen.db.exclusive import exclusive_session
from leadgen.db.owner import as_owner
from leadgen.db.session import connect
from leadgen.db.tree import SqlTree, run_file
from leadgen.paths import sql_dir

PARTNER = "heatwave-partner"  # source_key of the source that needs its key
GIVE_PARTNER_KEY = """
select leadgen.create_key('source', s.id, 'demo', null, null, %s, %s) from leadgen.sources s where s.source_key = %s
"""
GIVE_OPERATOR_KEY = "select leadgen.create_key('operator', null, 'demo', null, null, %s, %s)"
FOR_A_DEMO = "update leadgen.settings set allows_local_webhooks = true"


@dataclass(frozen=True)
class Keys:
    """The API keys of this run; the database knows their digests."""

    partner: str
    operator: str


def load_catalogue(url: str) -> None:
    """Write the catalogue in one transaction. It can be written once: a second time its names are taken."""
    with exclusive_session(url) as connection, as_owner(connection):
        for path in SqlTree(sql_dir() / "seeds" / "demo").reloaded():
            run_file(connection, path, f"sql/seeds/demo/{path.name}")
        connection.execute(FOR_A_DEMO)


def give_keys(url: str) -> Keys:
    """Make a key for the partner source and one for an operator."""
    partner, operator = make_key("source"), make_key("operator")
    with connect(url) as connection:
        connection.execute(GIVE_PARTNER_KEY, [partner.prefix, partner.digest, PARTNER])
        connection.execute(GIVE_OPERATOR_KEY, [operator.prefix, operator.digest])
    return Keys(partner.text, operator.text)


def read_secrets(url: str) -> dict[str, str]:
    """{name of a buyer with a webhook: its whsec_ secret}."""
    with connect(url) as connection:
        rows = connection.execute(
            "select b.name, s.secret from leadgen.buyers b"
            " join leadgen.webhook_secrets s on s.buyer_id = b.id where b.webhook_url is not null"
        )
        return dict(rows.fetchall())


def lose_patience(url: str, buyers: Sequence[str]) -> None:
    """Have the endpoints of these buyers disabled after three failures: an outage in a demo lasts seconds."""
    with connect(url) as connection:
        connection.execute(
            "update leadgen.endpoints e set disable_after = 3 from leadgen.buyers b"
            " where b.id = e.buyer_id and b.name = any(%s) and e.channel = 'webhook'",
            [list(buyers)],
        )


def set_webhook_urls(url: str, urls: Mapping[str, str]) -> None:
    """Point the webhooks of the named buyers elsewhere."""
    with connect(url) as connection:
        connection.cursor().executemany(
            "update leadgen.buyers set webhook_url = %s where name = %s",
            [(to, name) for name, to in urls.items()],
        )
