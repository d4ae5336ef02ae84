"""The bench still has a catalogue and leads that the product takes."""

import psycopg
import pytest

from bench.catalogue import CATALOGUE
from bench.lead import CONTEXT, FIRST_PLACE, LEAD, MENDED, make_lead


@pytest.mark.parametrize("lead", [LEAD, MENDED], ids=["clean", "mended"])
def test_the_bench_sells_its_leads(database: str, lead: str) -> None:
    one_market = CATALOGUE.read_text().replace("generate_series(1, 20) n", "generate_series(1, 1) n")
    context = CONTEXT.replace("<net>", "1").replace("<host>", "1")
    query = "select leadgen.submit_lead(%s::jsonb, %s::jsonb) ->> 'outcome'"
    with psycopg.connect(database, autocommit=True) as session:
        session.execute(one_market.encode())
        for _ in range(5):
            assert session.execute(query, [make_lead(FIRST_PLACE, lead), context]).fetchone() == ("sold",)
        notes = session.execute("select intake_notes from leadgen.leads").fetchall()
        assert len(notes) == 5
        assert all((note is None) == (lead == LEAD) for (note,) in notes), notes
