"""The bench still has a catalogue and leads that the product takes."""

import json

import psycopg
from psycopg.types.json import Jsonb

from bench.catalogue import CATALOGUE
from bench.lead import CONTEXT, FIRST_PLACE, make_lead


def test_the_bench_sells_its_leads(database: str) -> None:
    one_market = CATALOGUE.read_text().replace("generate_series(1, 20) n", "generate_series(1, 1) n")
    with psycopg.connect(database, autocommit=True) as session:
        session.execute(one_market.encode())
        for _ in range(5):
            lead = Jsonb(json.loads(make_lead(FIRST_PLACE)))
            query = "select leadgen.submit_lead(%s, %s) ->> 'outcome'"
            context = CONTEXT.replace("<net>", "1").replace("<host>", "1")
            assert session.execute(query, [lead, Jsonb(json.loads(context))]).fetchone() == ("sold",)
