"""The keys of a what-if that its help lists: all that there are, each with an example that works."""

import inspect
import json
import re
import shlex
from typing import Any

import psycopg
import pytest

from api.serving import add_catalogue, make_lead
from leadgen.cli import make_command
from leadgen.cli.reference import list_commands
from leadgen.whatif import read_changes
from rig.catalogue import Catalogue

WORDS = dict(list_commands(make_command()))["leadgen what-if"].help
POLICIES = {"routing", "pricing", "payout", "validation"}
LISTED = re.findall(r"^ {2,6}(\w[\w.]+=.+?)(?:  +\(.*\))?$", inspect.cleandoc(WORDS), flags=re.MULTILINE)


@pytest.fixture(scope="module")
def market(module_database: str) -> Any:
    add_catalogue(module_database)
    with psycopg.connect(module_database, autocommit=True) as connection:
        connection.execute("select leadgen.submit_lead(%s, '{}')", [json.dumps(make_lead())])
        yield connection


def test_every_key_is_listed(market: psycopg.Connection[Any]) -> None:
    row = market.execute("select rehearsal.describe_changes() -> 'properties'").fetchone()
    assert row
    schema = row[0]
    of_enrollments = schema.pop("enrollments")["additionalProperties"]["properties"]
    listed = {example.partition("=")[0] for example in LISTED}
    policies = {name for name in listed if name.split(".")[0] in POLICIES}
    assert len(policies) == 4
    keys = {name for name in schema if name not in POLICIES}
    assert listed - policies == keys | {f"enrollments.3.{name}" for name in of_enrollments}


@pytest.mark.parametrize("example", LISTED)
def test_an_example_works(example: str, market: psycopg.Connection[Any]) -> None:
    row = market.execute("select b.id, b.buyer_id, b.offer_id from leadgen.buyer_offers b").fetchone()
    assert row
    enrollment, buyer, offer = row
    new = Catalogue(market).add_buyer(None, webhook_url=None)
    (setting,) = shlex.split(example)
    typed = (
        setting.replace(".3.", f".{enrollment}.").replace("[7]", f"[{buyer}]").replace(": 7,", f": {new},")
    )
    settings = [typed]
    if ".pause_from=" in typed:
        settings.append(f"enrollments.{enrollment}.pause_until=2026-12-01T00:00:00Z")
    changes = json.dumps(read_changes(None, settings))
    found = market.execute(
        "select leadgen.what_if(%s, now() - interval '1 day', now() + interval '1 day', %s)", [offer, changes]
    ).fetchone()
    assert found
    assert (found[0]["leads"], found[0]["changes"]) == (1, json.loads(changes))
