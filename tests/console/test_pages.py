"""The pages without JavaScript: each for each role, and what is done on them."""

from collections.abc import Callable

import psycopg
import pytest

from api.serving import Api, add_sale
from console.people import ROLES, Tab
from leadgen.console.site import CONSOLE

Open = Callable[[str], Tab]


@pytest.mark.parametrize("role", ROLES)
def test_each_page_is_open_to_whoever_runs_the_market(
    tab: Open, market: psycopg.Connection, role: str
) -> None:
    add_sale(market)
    visitor = tab(role)
    for link in CONSOLE.links:
        assert visitor.open(link.path).status == 200, link.path
        assert f'<a href="{link.path}" aria-current="page">{link.name}</a>' in visitor.page
        assert {one.path for one in CONSOLE.links} <= visitor.links


def test_nobody_sees_a_page_without_signing_in(site: Api) -> None:
    for link in CONSOLE.links:
        visitor = Tab(site)
        visitor.open(link.path)
        assert visitor.place.startswith("/sign-in?next=/console")
        assert "Sign in" in visitor.text
