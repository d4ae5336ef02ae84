"""The bench still has a catalogue and leads that the product takes."""

import psycopg

from bench.catalogue import CATALOGUE
from bench.lead import CONTEXT, FIRST_PLACE, LEAD, MENDED, make_lead


def test_the_bench_sells_its_leads(database: str) -> None:
    """Those that need no mending, and those that do. One place of twenty has a catalogue."""
    one_market = CATALOGUE.read_text().replace("generate_series(1, 20) n", "generate_series(1, 1) n")
    one_market = one_market.replace("'30999'", "'11999'").replace(
        "generate_series(1, 1000)", "generate_series(1, 50)"
    )
    context = CONTEXT.replace("<net>", "1").replace("<host>", "1")
    query = "select leadgen.submit_lead(%s::jsonb, %s::jsonb) ->> 'outcome'"
    with psycopg.connect(database, autocommit=True) as session:
        session.execute(one_market.encode())
        for lead in [LEAD, MENDED] * 5:
            assert session.execute(query, [make_lead(FIRST_PLACE, lead), context]).fetchone() == ("sold",)
        notes = session.execute("select intake_notes from leadgen.leads order by id").fetchall()
        assert [note is None for (note,) in notes] == [True, False] * 5, notes
