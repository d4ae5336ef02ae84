"""Where the leads of a batch begin and end, whatever is in them."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen.app.batch_text import find_leads
from leadgen.app.problems import Problem

MEGABYTE = 1_048_576

blanks = st.text(" \t\r\n", max_size=3)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.text('[]{},":\\')
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def cut(body: bytes) -> list[bytes]:
    """The texts of the leads."""
    return [body[begin:end] for begin, end in asyncio.run(find_leads(body))]


@given(
    leads=st.lists(values, min_size=1, max_size=8),
    blanks=st.lists(blanks, min_size=6),
    ascii_only=st.booleans(),
)
def test_each_lead_is_found(leads: list[Any], blanks: list[str], ascii_only: bool) -> None:
    texts = [json.dumps(lead, ensure_ascii=ascii_only) for lead in leads]
    one, two, three, four, five, six = blanks[:6]
    comma = f"{one},{two}"
    body = f'{one}{{{two}"leads"{three}:{four}[{five}{comma.join(texts)}{six}]{one}}}{two}'
    found = cut(body.encode("utf-8", "surrogatepass"))
    assert [text.strip() for text in found] == [text.encode("utf-8", "surrogatepass") for text in texts]


@given(st.binary(max_size=200) | st.text('{}[],:" \\leads', max_size=60).map(str.encode))
def test_whatever_comes_is_a_batch_or_a_problem(body: bytes) -> None:
    for text in (body, b'{"leads": [' + body, b'{"leads": [' + body + b"]}"):
        try:
            found = len(cut(text))
        except Problem as problem:
            found = len(problem.errors)
        assert 1 <= found <= 1_000


@pytest.mark.parametrize("piece", [b"[", b"[],", b'"",', b'"a", [', b"{}"])
def test_a_large_body_is_looked_at_in_steps(piece: bytes) -> None:
    body = b'{"leads": [[' + piece * (MEGABYTE // len(piece))

    async def count_turns_of_others() -> int:
        turns = 0

        async def take_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        others = asyncio.create_task(take_turns())
        with pytest.raises(Problem):
            await find_leads(body)
        others.cancel()
        return turns

    assert asyncio.run(count_turns_of_others()) >= 10
