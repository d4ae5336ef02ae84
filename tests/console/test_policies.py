"""The workbench: a policy is checked, tried, published and rolled back, and two who edit it are told of each other."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from api.serving import add_sale
from console.people import Tab
from leadgen.app.problems import Problem
from leadgen.console import policies

Open = Callable[[str], Tab]


@pytest.fixture
def place(market: psycopg.Connection) -> str:
    """The page of the offer's routing policy, made anew as it was."""
    row = market.execute(
        "select o.routing_policy_id from leadgen.offers o where o.name = 'Austin plumbing'"
    ).fetchone()
    assert row
    market.execute(
        """update leadgen.routing_policies set config = '{"strategy": "priority"}' where id = %s""", [row[0]]
    )
    return f"/console/policies/routing/{row[0]}"


def version_of(market: psycopg.Connection, place: str) -> int:
    query = "select version from leadgen.routing_policies where id = %s"
    row = market.execute(query, [place.rpartition("/")[2]]).fetchone()
    assert row
    return int(row[0])


def body(**keys: object) -> str:
    return json.dumps(keys)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (body(strategy="cheapest"), "config.strategy"),
        (body(strategy="priority", max_byers=2), "config.max_byers"),
        ("{", "body: found"),
        ("[]", "body: found"),
        ("", "body: found 0 characters"),
        ("[" * 5_000, "body: found"),
    ],
)
def test_what_is_wrong_is_said_in_the_databases_words(tab: Open, place: str, text: str, said: str) -> None:
    visitor = tab("analyst")
    visitor.open(place)
    assert visitor.send(f"{place}/check", body=text).status in (400, 422)
    assert said in visitor.text
    assert 'aria-invalid="true"' in visitor.page


def test_the_keys_are_described_without_markdown(tab: Open, place: str) -> None:
    visitor = tab("admin")
    visitor.open(place)
    keys = visitor.page.partition("The keys of a")[2]
    assert "<code>percent</code>: a number" in keys
    assert not re.search(r"`|\]\(", keys)


def test_what_a_body_changes_is_listed(tab: Open, place: str) -> None:
    visitor = tab("analyst")
    visitor.open(place)
    assert visitor.send(f"{place}/check", body=body(strategy="highest_price", max_buyers=2)).status == 200
    assert "strategy: priority -> highest_price" in visitor.text
    assert "max_buyers: set to 2" in visitor.text


def test_publishing_asks_for_a_reason_and_keeps_it(tab: Open, market: psycopg.Connection, place: str) -> None:
    visitor, version = tab("operator"), version_of(market, place)
    visitor.open(place)
    text = body(strategy="highest_price")
    assert visitor.send(f"{place}/publish", body=text, version=str(version), reason="").status == 400
    assert version_of(market, place) == version
    assert "highest_price" in visitor.page, "what was typed is still there"
    visitor.send(f"{place}/publish", body=text, version=str(version), reason="Ann pays more")
    assert f"Version {version + 1} is live." in visitor.text
    assert f"{version + 1} " in visitor.text
    assert "Olga Brown Ann pays more strategy: priority -> highest_price live" in visitor.text


def test_the_second_of_two_who_publish_is_told(tab: Open, market: psycopg.Connection, place: str) -> None:
    version = version_of(market, place)
    first, second = tab("admin"), tab("operator")
    for visitor in (first, second):
        visitor.open(place)
    first.send(f"{place}/publish", body=body(strategy="weighted"), version=str(version), reason="shares")
    answer = second.send(
        f"{place}/publish", body=body(strategy="least_filled"), version=str(version), reason="fill"
    )
    assert answer.status == 409
    assert f"Found version {version + 1} is live; allowed: version {version}" in second.text
    assert "least_filled" in second.page
    assert version_of(market, place) == version + 1


def test_publishing_twice_makes_one_version(tab: Open, market: psycopg.Connection, place: str) -> None:
    visitor, version = tab("admin"), version_of(market, place)
    visitor.open(place)
    fields = {"body": body(strategy="weighted"), "version": str(version), "reason": "shares"}
    visitor.send(f"{place}/publish", **fields)
    assert visitor.send(f"{place}/publish", **fields).status == 409
    assert version_of(market, place) == version + 1


def test_an_old_version_is_opened_and_made_live_again(
    tab: Open, market: psycopg.Connection, place: str
) -> None:
    visitor, version = tab("admin"), version_of(market, place)
    visitor.open(place)
    visitor.send(f"{place}/publish", body=body(strategy="weighted"), version=str(version), reason="shares")
    visitor.open(f"{place}?version={version}")
    assert f"This is version {version}, which is not live." in visitor.text
    assert visitor.send(f"{place}/roll-back", to=str(version), reason=" ").status == 400
    visitor.send(f"{place}/roll-back", to=str(version), reason="it was better")
    assert f"Version {version + 2} is live: it is what version {version} was." in visitor.text
    assert visitor.send(f"{place}/roll-back", to="99999", reason="none").status == 404


def test_a_policy_is_published_at_its_time(tab: Open, market: psycopg.Connection, place: str) -> None:
    visitor, version = tab("operator"), version_of(market, place)
    visitor.open(place)
    fields = {"body": body(strategy="weighted"), "version": str(version), "reason": "from December"}
    for at in ("", "soon", "2001-01-01T08:00", "9999-01-01T08:00"):
        assert visitor.send(f"{place}/propose", publish_at=at, **fields).status == 400, at
    at = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT08:00")
    visitor.send(f"{place}/propose", publish_at=at, **fields)
    assert "is kept: it is published at its time." in visitor.text
    assert "from December" in visitor.text
    assert version_of(market, place) == version
    market.execute("update leadgen.policy_proposals set publish_at = now() where status = 'approved'")
    market.execute("select leadgen.run_chore('publish_due_policy')")
    visitor.open(place)
    assert f"published as version {version + 1}" in visitor.text
    assert "Olga Brown from December strategy: priority -> weighted live" in visitor.text


def test_where_two_are_needed_nobody_publishes_alone(
    tab: Open, market: psycopg.Connection, place: str
) -> None:
    version = version_of(market, place)
    author, second, reader = tab("operator"), tab("admin"), tab("analyst")
    market.execute("update leadgen.settings set policies_need_approval = true")
    try:
        author.open(place)
        assert "Publish it now" not in author.text
        fields = {"body": body(strategy="weighted"), "version": str(version), "reason": "shares"}
        assert author.send(f"{place}/publish", **fields).status == 409
        assert "A second person has to approve this" in author.text
        assert author.send(f"{place}/roll-back", to="1", reason="shares").status == 409
        author.send(f"{place}/propose", publish_at="", **fields)
        assert "somebody else has to approve it" in author.text
        found = re.search(r"/proposals/(\d+)/withdraw", author.page)
        assert found
        proposal = f"{place}/proposals/{found[1]}"
        assert author.send(f"{proposal}/approve").status == 403
        assert "Who proposed it may not approve it" in author.text
        reader.open(place)
        assert reader.send(f"{proposal}/approve").status == 403
        assert reader.send(f"{proposal}/withdraw").status == 403
        second.open("/console")
        assert "1 policy waits for somebody to approve it" in second.text
        second.open(place)
        assert "strategy: priority -> weighted" in second.text
        for _ in range(2):
            second.send(f"{proposal}/approve")
            assert f"is approved: version {version + 1} is live." in second.text
        assert version_of(market, place) == version + 1
        assert "Olga Brown shares (approved by user" in second.text
        assert second.send(f"{proposal}/withdraw").status == 409
        assert second.send(f"{place}/proposals/999999/approve").status == 404
    finally:
        market.execute("update leadgen.settings set policies_need_approval = false")


@pytest.mark.parametrize("role", ["analyst", "finance"])
def test_who_may_not_configure_publishes_nothing(
    tab: Open, market: psycopg.Connection, place: str, role: str
) -> None:
    visitor, version = tab(role), version_of(market, place)
    visitor.open(place)
    assert "Publish it now" not in visitor.text
    fields = {"body": body(strategy="weighted"), "version": str(version), "reason": "shares"}
    assert visitor.send(f"{place}/publish", **fields).status == 403
    assert visitor.send(f"{place}/propose", publish_at="", **fields).status == 403
    assert visitor.send(f"{place}/roll-back", to="1", reason="a test").status == 403
    assert version_of(market, place) == version


def test_a_lead_that_came_is_tried_and_a_week_is_played(
    tab: Open, market: psycopg.Connection, place: str
) -> None:
    sale = add_sale(market)
    row = market.execute(
        "select lead_id, offer_id from leadgen.lead_assignments where id = %s", [sale]
    ).fetchone()
    assert row
    lead, offer = row
    visitor = tab("analyst")
    visitor.open(place)
    none = body(strategy="priority", caps={"per_day": 0})
    visitor.send(f"{place}/try", body=none, lead=str(lead))
    assert f"Lead {lead}" in visitor.text
    assert "It comes out the same" not in visitor.text
    visitor.send(f"{place}/try", body=body(strategy="priority"), lead=str(lead))
    assert "It comes out the same." in visitor.text
    assert visitor.send(f"{place}/try", body=none, lead="none").status == 400
    visitor.send(f"{place}/what-if/{offer}", body=none)
    assert "are not sold any more" in visitor.text
    assert visitor.send(f"{place}/what-if/999999", body=none).status == 404
    outcome = market.execute(
        "select outcome::text from leadgen.lead_assignments where id = %s", [sale]
    ).fetchone()
    assert outcome == ("pending",), "nothing is written"


@pytest.mark.parametrize("rest", ["routing/999999", "nothing/1", "routing/x", "routing/-1"])
def test_what_is_no_policy_is_no_page(tab: Open, rest: str) -> None:
    assert tab("admin").open(f"/console/policies/{rest}").status in (400, 404)


def test_one_session_does_not_take_every_place_of_those_that_wait() -> None:
    ended = asyncio.Event()

    async def ask(*_: object) -> dict[str, Any]:
        await ended.wait()
        return {}

    def play(session: str) -> asyncio.Task[object]:
        visitor = SimpleNamespace(presented=SimpleNamespace(token_hash=session), ask=ask)
        return asyncio.create_task(policies._play(cast(Any, visitor), "routing", 1, 1, "{}", None))

    async def ask_often() -> list[object]:
        played = [play("greedy") for _ in range(policies.MOST_OF_ONE + 1)] + [play("modest")]
        await asyncio.sleep(0)
        ended.set()
        return await asyncio.gather(*played, return_exceptions=True)

    *greedy, refused, modest = asyncio.run(ask_often())
    assert greedy == [{}] * policies.MOST_OF_ONE
    assert isinstance(refused, Problem)
    assert modest == {}
    assert policies.WHAT_IFS._asked.total() == 0
