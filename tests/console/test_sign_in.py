"""Signing in and out on pages, and what a form's sender loses meanwhile: nothing."""

from base64 import b32decode
from collections.abc import Callable

import psycopg
import pyotp
import pytest

from api.people import PASSWORD, WRONG
from api.serving import Api
from console.people import SESSION, Tab, add_person
from leadgen.app.cookies import hash_token

Open = Callable[[str], Tab]
END = "update leadgen.user_sessions set ended_at = now(), ended_because = 'revoked' where token_hash = %s"


def sign_in(visitor: Tab, email: str, password: str = PASSWORD, **fields: str) -> int:
    return visitor.send("/sign-in", email=email, password=password, **fields).status


def end_session(market: psycopg.Connection, visitor: Tab) -> None:
    market.execute(END, [hash_token(visitor.cookies[SESSION])])


def test_signing_in_leads_to_the_page_that_was_asked_for(site: Api, market: psycopg.Connection) -> None:
    visitor = Tab(site)
    visitor.open("/console/leads?status=held")
    assert 'name="next" value="/console/leads?status=held"' in visitor.page
    assert sign_in(visitor, add_person(market, "analyst"), next="/console/leads?status=held") == 200
    assert visitor.place == "/console/leads?status=held"
    assert "Olga Brown analyst" in visitor.text


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example", "/\\evil.example", "/../x", "javascript:1"]
)
def test_signing_in_never_leads_elsewhere(site: Api, market: psycopg.Connection, place: str) -> None:
    visitor = Tab(site)
    sign_in(visitor, add_person(market, "admin"), next=place)
    assert visitor.place == "/console"


def test_a_wrong_password_says_so_and_keeps_the_address(site: Api, market: psycopg.Connection) -> None:
    visitor, email = Tab(site), add_person(market, "admin")
    assert sign_in(visitor, email, WRONG) == 401
    assert "The sign-in failed" in visitor.text
    assert f'value="{email}"' in visitor.page
    assert WRONG not in visitor.page


def test_a_user_with_an_app_is_asked_for_its_code(site: Api, market: psycopg.Connection) -> None:
    visitor, email = Tab(site), add_person(market, "admin")
    secret = pyotp.random_base32()
    market.execute(
        "insert into leadgen.user_totp (user_id, created_at, secret, confirmed_at)"
        " select u.id, now(), %s, now() from leadgen.users u where u.email = %s",
        [b32decode(secret), email],
    )
    assert sign_in(visitor, email) == 401
    assert "The sign-in needs a code" in visitor.text
    assert PASSWORD not in visitor.page
    assert sign_in(visitor, email, code=pyotp.TOTP(secret).now()) == 200
    assert visitor.place == "/console"


def test_signing_out_ends_the_session(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("admin")
    visitor.open("/console")
    token = visitor.cookies[SESSION]
    visitor.send("/sign-out")
    assert visitor.place == "/sign-in"
    assert SESSION not in visitor.cookies
    row = market.execute(
        "select ended_because from leadgen.user_sessions where token_hash = %s", [hash_token(token)]
    ).fetchone()
    assert row == ("signed_out",)


def test_a_buyer_sees_no_page_of_the_console(tab: Open) -> None:
    visitor = tab("buyer")
    assert visitor.open("/console").status == 403
    visitor.open("/")
    assert visitor.place == "/portal"


def test_a_form_outlives_its_session(tab: Open, site: Api, market: psycopg.Connection) -> None:
    visitor = tab("admin")
    visitor.open("/console/endpoints")
    end_session(market, visitor)
    endpoint = market.execute("select id from leadgen.endpoints order by id limit 1").fetchone() or (0,)
    place = f"/console/endpoints/{endpoint[0]}/disable"
    assert visitor.send(place, reason="their <server> moves").status == 401
    assert "What you typed is kept" in visitor.text
    kept = '{"reason": "their <server> moves"}'
    assert sign_in(visitor, add_person(market, "admin"), next=place, kept=kept) == 200
    assert "Send what you typed?" in visitor.text
    assert "their <server> moves" in visitor.text
    visitor.send(place, reason="their <server> moves")
    assert f"Endpoint {endpoint[0]} is disabled." in visitor.text


@pytest.mark.parametrize("kept", ["[" * 100_000, '{"reason": "\\ud800"}', "[]", "{"])
def test_what_is_kept_and_cannot_be_a_form_is_dropped(
    tab: Open, market: psycopg.Connection, kept: str
) -> None:
    visitor = tab("admin")
    visitor.open("/sign-in")
    assert sign_in(visitor, add_person(market, "admin"), next="/console", kept=kept) == 200
    assert visitor.place == "/console"


def test_a_form_of_an_earlier_session_is_sent_by_the_new_one(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("admin")
    visitor.open("/console/endpoints")
    old = visitor.csrf
    visitor.cookies[SESSION] = tab("admin").cookies[SESSION]
    assert visitor.send("/console/returns/999", answer="approve", note="agreed", csrf=old).status == 409
    assert "Send what you typed?" in visitor.text
    assert visitor.csrf != old
    assert visitor.send("/console/returns/999", answer="approve", note="agreed").status == 404


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), (None, 403)])
def test_a_form_of_another_page_does_nothing(tab: Open, origin: str | None, status: int) -> None:
    visitor = tab("admin")
    visitor.open("/console")
    assert visitor.send("/sign-out", origin=origin, csrf="0" * 64).status == status
    assert visitor.open("/console").status == 200


def test_a_page_says_how_it_may_be_shown(tab: Open) -> None:
    answer = tab("admin").open("/console")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
