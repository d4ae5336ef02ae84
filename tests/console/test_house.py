"""The pages of the house without JavaScript: users, keys, the audit, settings and verdicts."""

import re
from collections.abc import Callable

import psycopg

from api.serving import Api
from console.people import Tab, add_person
from console.test_actions import value
from console.test_catalogue import stamp_of

Open = Callable[[str], Tab]
SIGN_UP = """
insert into leadgen.users (email, name, company, role, member_kind, verified_at)
values ('nan@buyer.example', 'Nan <b>', 'Ann', 'buyer', 'member', leadgen.clock()) returning id
"""
AGE = "update leadgen.user_sessions set created_at = leadgen.clock() - interval '1 hour'"


def test_a_sign_up_waits_on_today_and_is_approved(tab: Open, market: psycopg.Connection) -> None:
    user = value(market, SIGN_UP)
    visitor = tab("admin")
    visitor.open("/console")
    assert "1 sign-up waits for approval" in visitor.text
    visitor.open("/console/users?status=waiting")
    assert f"/console/users/{user}" in visitor.links
    visitor.open(f"/console/users/{user}")
    assert "Nan <b>" in visitor.text
    buyer = str(value(market, "select id from leadgen.buyers where name = 'Ann'"))
    assert "only the company, which anybody can type" in visitor.text
    assert 'name="buyer_id" type="text" value=""' in visitor.page
    assert (
        visitor.send(f"/console/users/{user}/approve", buyer_id="999999", member_kind="owner").status == 404
    )
    visitor.open(f"/console/users/{user}")
    assert visitor.send(f"/console/users/{user}/approve", buyer_id="x", member_kind="owner").status == 400
    assert "allowed: an id, such as 7" in visitor.text
    visitor.send(f"/console/users/{user}/approve", buyer_id=buyer, member_kind="owner")
    assert "The sign-up is approved" in visitor.text
    assert "owner of a buyer" in visitor.text
    visitor.open("/console")
    assert "sign-up" not in visitor.text


def test_a_user_is_invited_changed_and_put_out(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("admin")
    visitor.open("/console/users")
    assert visitor.send("/console/users", email="nobody", name="Ian", role="analyst").status == 400
    assert "The e-mail address is not well-formed" in visitor.text
    assert 'value="nobody"' in visitor.page
    visitor.send("/console/users", email="ian@house.example", name="Ian", role="analyst")
    assert "an e-mail with a link is on its way" in visitor.text
    assert "waits for" not in visitor.text
    email = add_person(market, "operator")
    user = value(market, "select id from leadgen.users where email = %s", email)
    place = f"/console/users/{user}"
    visitor.open(place)
    assert visitor.send(f"{place}/role", role="finance", reason="").status == 400
    visitor.send(f"{place}/role", role="finance", reason="moved")
    assert "The role is changed" in visitor.text
    visitor.send(f"{place}/suspend", reason="on leave")
    assert "The user is suspended." in visitor.text
    visitor.send(f"{place}/activate", reason="is back")
    assert "The user is active." in visitor.text
    visitor.send(f"{place}/reset")
    assert "a link to set a password is on its way" in visitor.text
    visitor.send(f"{place}/sign-out")
    assert "The user is signed out of 0 sessions." in visitor.text
    market.execute(
        "insert into leadgen.user_passkeys (created_at, user_id, name, credential_id, public_key, sign_count)"
        " values (leadgen.clock(), %s, 'ring', sha256('a'), sha256('b'), 0)",
        [user],
    )
    visitor.open(place)
    assert "ring, since" in visitor.text
    visitor.send(f"{place}/factors", reason="lost it")
    assert "The app and 1 passkey are removed" in visitor.text
    assert visitor.send(f"{place}/promote").status == 404
    market.execute(AGE)
    visitor.open(place)
    assert visitor.send(f"{place}/deactivate", reason="has left").status == 403
    assert "needs a sign-in of the last 15 minutes" in visitor.text


def test_a_key_is_made_once_shown_replaced_and_revoked(
    site: Api, tab: Open, market: psycopg.Connection
) -> None:
    source = str(value(market, "select min(id) from leadgen.sources"))
    visitor = tab("operator")
    visitor.open("/console/keys")
    assert "scope_money" not in visitor.page
    fields = {"kind": "source", "owner_id": source, "name": "Landing page", "reason": "asked for"}
    assert visitor.send("/console/keys", **fields | {"expires_at": "2020-01-01"}).status == 400
    assert "The key would have expired before it is used" in visitor.text
    visitor.send("/console/keys", **fields)
    shown = re.search(r"lg_s_[a-z2-9]{8}_[a-z2-9]{32}", visitor.page)
    assert shown
    key = value(market, "select max(id) from leadgen.api_keys")
    visitor.open("/console/keys?kind=source&state=active")
    assert shown[0] not in visitor.page
    assert shown[0].split("_")[2] in visitor.text
    assert (
        visitor.send(f"/console/keys/{key}/rotate", kind="source", overlap_days="x", reason="r").status == 400
    )
    visitor.send(f"/console/keys/{key}/rotate", kind="source", overlap_days="0", reason="old")
    assert "Copy it now" in visitor.text
    visitor.open("/console/keys?state=expired")
    assert shown[0].split("_")[2] in visitor.text
    again = value(market, "select max(id) from leadgen.api_keys")
    visitor.send(f"/console/keys/{again}/revoke", reason="seen by others")
    assert "The key is revoked." in visitor.text
    assert visitor.send("/console/keys", kind="operator", name="Eve", reason="mine").status == 403
    boss = tab("admin")
    boss.open("/console/keys")
    boss.send(
        "/console/keys", kind="operator", name="Eve", reason="hers", scope_read="yes", scope_money="yes"
    )
    assert re.search(r"lg_o_[a-z2-9]{8}_", boss.page)
    assert value(market, "select scopes from leadgen.api_keys order by id desc limit 1") == ["read", "money"]


def test_the_audit_says_who_what_and_why_and_is_proved(tab: Open, market: psycopg.Connection) -> None:
    market.execute(
        "begin; set local leadgen.actor = 'tester <b>'; set local leadgen.reason = 'a test';"
        " update leadgen.chores set pause = '7 seconds' where name = 'roll_up'; commit"
    )
    visitor = tab("analyst")
    visitor.open("/console/audit?table=chores&row=roll_up&who=TESTER")
    assert "tester <b> chores roll_up pause from 00:00:20 to 00:00:07 a test" in visitor.text
    entry = value(market, "select max(id) from leadgen.audit_entries where table_name = 'chores'")
    assert f"/console/audit/{entry}" in visitor.links
    visitor.open(f"/console/audit/{entry}")
    assert "pause 00:00:20 00:00:07" in visitor.text
    assert "not yet: a worker chains it" in visitor.text
    visitor.open("/console/audit?who=nobody")
    assert "None." in visitor.text
    assert visitor.open("/console/audit?since=soon").status == 400
    assert "This is no time" in visitor.text
    assert visitor.open("/console/audit/999999999").status == 404
    market.execute("select auditing.chain_audit()")
    visitor.open("/console/audit/proof")
    assert "are what was chained" in visitor.text
    visitor.open(f"/console/audit/{entry}")
    assert "at position" in visitor.text
    market.execute(
        "set session_replication_role = replica;"
        f" update leadgen.audit_entries set reason = 'another' where id = {entry};"
        " set session_replication_role = origin"
    )
    visitor.open("/console/audit/proof")
    assert "audit entry changed" in visitor.text


def test_settings_are_changed_by_an_admin_and_the_second_is_told(
    tab: Open, market: psycopg.Connection
) -> None:
    reader = tab("operator")
    reader.open("/console/settings")
    assert "An admin may change them." in reader.text
    assert not any(link.startswith("/console/settings/") for link in reader.links)
    place = "/console/settings/settings"
    assert reader.open(f"{place}?key=true").status == 403
    one, other = tab("admin"), tab("admin")
    for visitor in (one, other):
        visitor.open(f"{place}?key=true")
    stamp = stamp_of(one.page, place)
    fields = {"key_1": "true", "stamp": stamp, "reason": "as agreed"}
    assert one.send(place, warn_at_percent="10", **fields).status == 422
    assert "between 50 and 100" in one.text or ">= 50" in one.text
    assert 'value="10"' in one.page
    one.send(place, warn_at_percent="85", slow_retry_seconds="60, 300", **fields)
    assert "It is saved." in one.text
    assert "60, 300" in one.text
    assert other.send(place, warn_at_percent="90", **fields).status == 409
    assert "Now: 85" in other.text
    assert value(market, "select warn_at_percent from leadgen.settings") == 85
    one.open("/console/settings")
    limit = next(link for link in one.links if "key=quarantine_address" in link)
    one.open(limit)
    stamp = stamp_of(one.page, "/console/settings/rate_limit")
    one.send(
        "/console/settings/rate_limit",
        key_1="quarantine_address",
        key_2="*",
        stamp=stamp,
        amount="9000",
        reason="less",
    )
    assert "It is saved." in one.text
    one.open("/console/settings/new")
    new = {"name": "source", "subject": "a/b?c", "amount": "5", "per_seconds": "60", "reason": "busy"}
    one.send("/console/settings/new", **new)
    assert "The rate limit is there." in one.text
    assert one.send("/console/settings/new", **new).status == 409
    one.open("/console/settings")
    assert one.open(next(link for link in one.links if "a/b%3Fc" in link)).status == 200
    assert one.open("/console/settings/buyer?key=1").status == 400
    assert one.open("/console/settings/chore?key=fly").status == 404
    assert one.open("/console/settings/chore?key=%00&key=x&key=y").status == 404
    assert one.open("/console/settings/%00").status == 400


def test_the_doctor_says_what_the_command_says(tab: Open, market: psycopg.Connection) -> None:
    visitor = tab("operator")
    visitor.open("/console/doctor")
    assert "Look at the market" in visitor.text
    visitor.open("/console/doctor?part=market")
    for (finding,) in market.execute(
        "select finding from leadgen.diagnose_market() where subject <> 'chores'"
    ):
        assert finding in visitor.text
    part = visitor.fetch("/console/doctor?part=server", hx_request="true")
    assert part.status == 200
    assert b"durability" in part.body
    assert b"<html" not in part.body
    assert visitor.open("/console/doctor?part=books").status == 200
    assert visitor.open("/console/doctor?part=weather").status == 400
