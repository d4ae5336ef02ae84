"""The catalogue of sql/seeds/demo, and what a running demo adds to it: addresses on loopback and keys."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadgen.db.exclusive import exclusive_session
from leadgen.db.owner import as_owner
from leadgen.db.session import connect
from leadgen.db.tree import SqlTree, run_file
from leadgen.paths import sql_dir

PARTNER = "heatwave-partner"  # source_key of the source that needs its key
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
    keys = Keys(f"lg_{secrets.token_urlsafe(32)}", f"lg_{secrets.token_urlsafe(32)}")
    with connect(url) as connection:
        connection.execute(
            "update leadgen.sources set api_key_hash = %s where source_key = %s",
            [digest(keys.partner), PARTNER],
        )
        connection.execute(
            "insert into leadgen.operator_keys (name, key_hash) values ('demo', %s)", [digest(keys.operator)]
        )
    return keys


def digest(key: str) -> str:
    """The form in which the database keeps a key."""
    return hashlib.sha256(key.encode()).hexdigest()


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
