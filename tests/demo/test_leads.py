"""The generator: the same leads for the same seed, and what it expects of them comes true."""

from collections import Counter
from dataclasses import replace

import psycopg
import pytest
from psycopg.rows import class_row

from demo.conftest import submit
from leadgen.demo.checks import LEADS, StoredLead, check_leads
from leadgen.demo.leads import STREAMS, Posting, make_leads
from leadgen.demo.people import DISPOSABLE_DOMAINS, FAR_AWAY, MARKETS, OTHER_AREA_CODE


def flat(seed: int) -> list[Posting]:
    return [posting for stream in make_leads(seed) for posting in stream]


def test_a_seed_always_gives_the_same_200_leads() -> None:
    assert make_leads(5) == make_leads(5)
    assert make_leads(5) != make_leads(6)
    assert [posting.number for posting in flat(5)] == list(range(1, 201))


def test_every_kind_of_trouble_is_among_them() -> None:
    kinds = Counter(posting.kind for posting in flat(1))
    assert kinds == sum((Counter(stream.kinds) for stream in STREAMS), Counter())
    assert len(kinds) == 14


def test_only_duplicates_and_replays_share_a_contact() -> None:
    postings = [p for p in flat(3) if p.kind not in ("duplicate", "repeat")]
    for field in ("phone", "email"):
        values = ["".join(filter(str.isalnum, p.payload[field])) for p in postings if p.kind != "bad_phone"]
        assert len(set(values)) == len(values)


def test_a_replay_repeats_an_earlier_request_with_its_key() -> None:
    by_number = {posting.number: posting for posting in flat(1)}
    repeats = [posting for posting in by_number.values() if posting.repeats]
    assert len(repeats) == 4
    for posting in repeats:
        first = by_number[posting.repeats or 0]
        assert first.number < posting.number
        assert (first.payload, first.idempotency_key) == (posting.payload, posting.idempotency_key)
        assert posting.idempotency_key


def test_postal_and_area_codes_are_real(database: str) -> None:
    owned = {place: s.market for s in STREAMS for place in s.owned}
    places = {place: name for name, market in MARKETS.items() for place in market.places} | owned
    with psycopg.connect(database) as connection:
        for (code, city), market in places.items():
            found = connection.execute(
                "select city, region_code from leadgen.postal_places where postal_code = %s", [code]
            ).fetchone()
            assert found == (city, MARKETS[market].region_code), code
        for code, _ in FAR_AWAY:
            query = "select from leadgen.postal_places where postal_code = %s"
            assert connection.execute(query, [code]).fetchone() is not None
        regions: dict[str, str] = dict(
            connection.execute("select prefix, region_code from leadgen.phone_areas").fetchall()
        )
        for known in MARKETS.values():
            assert {regions[f"1{code}"] for code in known.area_codes} == {known.region_code}
            assert regions[f"1{OTHER_AREA_CODE}"] != known.region_code
        disposable = {domain for (domain,) in connection.execute("select * from leadgen.disposable_domains")}
        assert disposable.issuperset(DISPOSABLE_DOMAINS)


def sold_and_accepted(lead: StoredLead) -> StoredLead:
    """The lead as a worker leaves it: here none runs."""
    return replace(lead, status="accepted") if lead.fate == "sold" else lead


@pytest.mark.parametrize("seed", [1, 2, 3, 1234])
def test_what_is_expected_comes_true(catalogue: psycopg.Connection, seed: int) -> None:
    answers = [submit(catalogue, posting) for posting in flat(seed)]
    stored = catalogue.cursor(row_factory=class_row(StoredLead)).execute(LEADS).fetchall()
    assert check_leads(answers, {lead.id: sold_and_accepted(lead) for lead in stored}) == []
    assert catalogue.execute("select * from leadgen.list_broken_invariants()").fetchall() == []
