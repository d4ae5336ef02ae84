"""One's own account without JavaScript: password, app, sessions and keys. Passkeys: test_browser."""

import re
from collections.abc import Callable

import psycopg
import pyotp

from api.people import PASSWORD
from api.serving import Api
from console.people import SESSION, Tab, add_person
from console.test_actions import value

Open = Callable[[str], Tab]
ANOTHER = "quite another pass phrase"
CODES = re.compile(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}")
SECRET = re.compile(r"<code>([A-Z2-7]{32})</code>")
AGE = "update leadgen.user_sessions set created_at = leadgen.clock() - interval '1 hour'"


def sign_in(site: Api, email: str, password: str, code: str = "") -> Tab:
    """A browser in which somebody signs in by the page."""
    visitor = Tab(site)
    visitor.open("/sign-in?next=/console/account")
    visitor.send("/sign-in", email=email, password=password, code=code, next="/console/account")
    return visitor


def test_an_app_is_set_up_confirmed_and_removed(site: Api, market: psycopg.Connection) -> None:
    email = add_person(market, "analyst")
    visitor = sign_in(site, email, PASSWORD)
    assert visitor.place == "/console/account"
    visitor.send("/console/account/app", sure="yes")
    found = SECRET.search(visitor.page)
    assert found
    assert "<svg" in visitor.page
    assert visitor.send("/console/account/confirm", code="000000").status == 403
    assert "the code that the app shows now" in visitor.text
    assert found[1] not in visitor.page
    totp = pyotp.TOTP(found[1])
    visitor.send("/console/account/confirm", code=totp.now())
    codes = CODES.findall(visitor.page)
    assert len(codes) == 10
    assert "10 recovery codes are left" in visitor.text
    assert "Type the code" in sign_in(site, email, PASSWORD).text
    again = sign_in(site, email, PASSWORD, codes[0])
    assert "9 recovery codes are left" in again.text
    again.send("/console/account/codes", code=codes[1])
    codes = CODES.findall(again.page) + codes
    assert len(codes) == 20
    assert again.send("/console/account/remove-app", code=codes[12]).status == 403
    assert not CODES.search(again.page)
    again.send("/console/account/remove-app", code=codes[0])
    assert "no codes are asked for any more" in again.text


def test_a_password_is_changed_and_other_sessions_end(site: Api, market: psycopg.Connection) -> None:
    email = add_person(market, "operator")
    one, other = sign_in(site, email, PASSWORD), sign_in(site, email, PASSWORD)
    assert one.send("/console/account/password", password_now="wrong", password=ANOTHER).status == 403
    assert "The password is wrong" in one.text
    assert ANOTHER not in one.page
    assert one.send("/console/account/password", password_now=PASSWORD, password="short").status == 400
    one.send("/console/account/password", password_now=PASSWORD, password=ANOTHER)
    assert "The password is changed, and 1 other session ended." in one.text
    assert other.open("/console/account").status == 200
    assert other.place.startswith("/sign-in")
    third = sign_in(site, email, ANOTHER)
    one.open("/console/account")
    session = re.search(r"/console/account/end-session/\d+", one.page)
    assert session
    one.send(session[0])
    assert "The session is over." in one.text
    third.open("/console/account")
    assert third.place.startswith("/sign-in")
    assert one.send("/console/account/end-session/999999").status == 404
    one.open("/console/account")
    one.send("/console/account/sign-out", sure="yes")
    assert one.place == "/sign-in"
    assert SESSION not in one.cookies


def test_a_key_of_ones_own_is_shown_once_and_needs_a_new_sign_in(
    site: Api, tab: Open, market: psycopg.Connection
) -> None:
    visitor = tab("finance")
    visitor.open("/console/account")
    assert visitor.send("/console/account/key", name="").status == 400
    visitor.send("/console/account/key", name="Books", scope_read="yes", scope_money="yes")
    key = re.search(r"lg_u_[a-z2-9]{8}_[a-z2-9]{32}", visitor.page)
    assert key
    visitor.open("/console/account")
    assert key[0] not in visitor.page
    assert "Books" in visitor.text
    made = value(market, "select max(id) from leadgen.api_keys where kind = 'user'")
    market.execute(AGE)
    assert visitor.send("/console/account/app", sure="yes").status == 403
    assert "needs a sign-in of the last 15 minutes" in visitor.text
    visitor.open("/console/account")
    visitor.send(f"/console/account/revoke-key/{made}")
    assert "The key is revoked." in visitor.text
    buyer = tab("buyer")
    assert buyer.open("/portal/account").status == 200
    assert "/portal/keys" in buyer.links
    assert buyer.send("/portal/account/fly").status == 404
