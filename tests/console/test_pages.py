"""The pages without JavaScript: each for each role, and what is done on them."""

from collections.abc import Callable

import psycopg
import pytest

from api.serving import Api, add_sale
from console.people import ROLES, Tab
from leadgen.console.site import CONSOLE

Open = Callable[[str], Tab]
FOR = {"/console/users": ("admin",), "/console/doctor": ("admin", "operator")}  # the others are for all roles


@pytest.mark.parametrize("role", ROLES)
def test_each_page_is_open_to_whoever_runs_the_market(
    tab: Open, market: psycopg.Connection, role: str
) -> None:
    add_sale(market)
    visitor = tab(role)
    theirs = {link.path: link.name for link in CONSOLE.links if role in FOR.get(link.path, ROLES)}
    for place, name in theirs.items():
        assert visitor.open(place).status == 200, place
        assert f'<a href="{place}" aria-current="page">{name}</a>' in visitor.page
        assert visitor.links & {one.path for one in CONSOLE.links} == theirs.keys()
    for place in FOR.keys() - theirs.keys():
        assert visitor.open(place).status == 403, place


def test_nobody_sees_a_page_without_signing_in(site: Api) -> None:
    for link in CONSOLE.links:
        visitor = Tab(site)
        visitor.open(link.path)
        assert visitor.place.startswith("/sign-in?next=/console")
        assert "Sign in" in visitor.text
