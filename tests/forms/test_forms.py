"""The public form without JavaScript: what it shows, what it takes, and what it says of what it does not take."""

import re
from itertools import count

import psycopg
import pytest

from api.serving import Api
from console.people import Tab

FORM = "/forms/austin-plumbing-v1"
TOKEN = re.compile(r'name="form_token" value="(v1\.[^"]+)"')
LATEST = """
select l.status::text, l.attributes, l.consent, l.utm_source, l.tracking, l.landing_url, l.consent_at is not null
from leadgen.leads l where l.email = %s
"""
_numbers = count(1)


def fill_in(**changes: str) -> dict[str, str]:
    """What a visitor types, unlike any other."""
    number = next(_numbers)
    return {
        "name": "Zoe Quick",
        "email": f"zoe{number}@example.com",
        "phone": f"+1737{3_000_000 + number}",
        "postal_code": "78701",
        "message": "A pipe burst",
        "attributes.job_type": "leak",
        "attributes.bathrooms": "2",
        "attributes.owner": "true",
        "consent": "true",
    } | changes


def open_form(site: Api, query: str = "") -> tuple[Tab, str]:
    """A browser with the form, and the token that came with it."""
    visitor = Tab(site)
    assert visitor.open(FORM + query).status == 200
    found = TOKEN.search(visitor.page)
    assert found
    return visitor, found[1]


def test_the_form_is_made_of_the_offers_own_rules(site: Api) -> None:
    visitor, _ = open_form(site)
    for text in (
        "Find a plumber",
        "Three questions.",
        "What is broken?",
        "water heater",
        "Bathrooms (optional)",
    ):
        assert text in visitor.text
    assert "I agree that plumbers &lt;call&gt; me." in visitor.page
    assert 'name="attributes.website" tabindex="-1"' in visitor.page


def test_what_is_sent_is_a_lead_with_its_consent_and_where_it_came_from(
    site: Api, market: psycopg.Connection
) -> None:
    visitor, token = open_form(site, "?utm_source=google&gclid=Cj0")
    assert 'name="utm_source" value="google"' in visitor.page
    typed = fill_in(
        form_token=token, utm_source="google", gclid="Cj0", landing_url="https://partner.example/"
    )
    assert visitor.send(FORM, **typed).status == 200
    assert "Thank you" in visitor.text
    assert visitor.place == f"{FORM}/thanks"
    row = market.execute(LATEST, [typed["email"]]).fetchone()
    assert row
    status, attributes, consent, source, tracking, page, is_dated = row
    assert status != "rejected"
    assert attributes["job_type"] == "leak"
    assert (consent, source, page, is_dated) == (True, "google", "https://partner.example/", True)
    assert (tracking["consent_text_version"], tracking["gclid"]) == ("tcpa-1", "Cj0")


def test_sent_twice_it_is_one_lead(site: Api, market: psycopg.Connection) -> None:
    visitor, token = open_form(site)
    typed = fill_in(form_token=token)
    for _ in range(2):
        visitor.send(FORM, **typed)
        assert visitor.place == f"{FORM}/thanks"
    assert len(market.execute(LATEST, [typed["email"]]).fetchall()) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("postal_code", "", "Postal code is missing"),
        ("phone", "12", "Phone number is not a valid number"),
        ("attributes.job_type", "", "What is broken? is missing"),
        ("attributes.bathrooms", "77", "Bathrooms"),
        ("consent", "", ""),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_typed_is_lost(
    site: Api, field: str, value: str, said: str
) -> None:
    visitor, token = open_form(site, "?utm_source=google")
    typed = fill_in(form_token=token, utm_source="google", name='Zoe "Quick" <b>') | {field: value}
    assert visitor.send(FORM, **typed).status == 400
    assert f'id="e-{field}"' in visitor.page
    assert said in visitor.text
    assert "Zoe &#34;Quick&#34; &lt;b&gt;" in visitor.page
    assert 'name="utm_source" value="google"' in visitor.page
    assert 'value="leak" selected' in visitor.page or field == "attributes.job_type"


def test_who_fills_in_the_hidden_field_is_a_bot(site: Api) -> None:
    visitor, token = open_form(site)
    assert visitor.send(FORM, **fill_in(form_token=token) | {"attributes.website": "x"}).status == 400


def test_a_form_without_its_token_is_not_taken(site: Api) -> None:
    visitor, _ = open_form(site)
    assert visitor.send(FORM, **fill_in(form_token="v1.1.x")).status == 400


def test_what_the_form_does_not_have_is_left_out(site: Api, market: psycopg.Connection) -> None:
    visitor, token = open_form(site)
    typed = fill_in(
        form_token=token, source_key="partner-austin", consent_text_version="mine", ip_address="1.2.3.4"
    )
    visitor.send(FORM, **typed | {"attributes.secret": "x"})
    row = market.execute(LATEST, [typed["email"]]).fetchone()
    assert row
    assert "secret" not in row[1]
    assert row[4]["consent_text_version"] == "tcpa-1"


def test_who_may_frame_it_is_said_and_nobody_else(site: Api) -> None:
    visitor = Tab(site)
    policy = str(visitor.open(FORM).headers["Content-Security-Policy"])
    assert policy.endswith("frame-ancestors 'self' https://partner.example")
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy


def test_what_is_pasted_into_a_page_is_shown(site: Api) -> None:
    visitor = Tab(site)
    assert visitor.open(f"{FORM}/embed").status == 200
    place = f"http://127.0.0.1:{site.port}{FORM}"
    assert f'<script src="{place}/embed.js" data-title="Find a plumber" async></script>' in visitor.text
    assert f'<iframe src="{place}" title="Find a plumber" width="100%" height="900"></iframe>' in visitor.text
    assert visitor.fetch(f"{FORM}/embed.js").headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("key", ["partner-austin", "nothing", "%00", "x" * 300, "..%2F..%2Fetc"])
def test_a_source_without_a_form_has_none(site: Api, key: str) -> None:
    visitor = Tab(site)
    assert visitor.open(f"/forms/{key}").status == 404
    assert visitor.send(f"/forms/{key}", **fill_in()).status == 404


def test_what_is_no_form_is_refused(site: Api) -> None:
    assert site.request("POST", FORM, b"{}", Content_Type="application/json").status == 415


def test_a_form_that_is_too_long_is_refused(site: Api) -> None:
    visitor, token = open_form(site)
    assert visitor.send(FORM, **fill_in(form_token=token, message="x" * 70_000)).status == 413


def test_who_agreed_to_a_text_that_has_changed_is_asked_again(site: Api, market: psycopg.Connection) -> None:
    visitor, token = open_form(site)
    assert 'name="shown_consent" value="tcpa-1"' in visitor.page
    market.execute("select leadgen.add_consent_text('tcpa-2', 'I agree to much more.')")
    market.execute("update leadgen.lead_forms set consent_text_version = 'tcpa-2'")
    try:
        typed = fill_in(form_token=token, shown_consent="tcpa-1")
        assert visitor.send(FORM, **typed).status == 400
        assert "an agreement to an earlier text" in visitor.text
        assert "I agree to much more." in visitor.text
        assert 'value="true" checked' not in visitor.page
        assert market.execute(LATEST, [typed["email"]]).fetchone() is None
        assert visitor.send(FORM, **typed | {"shown_consent": "tcpa-2"}).status == 200
        row = market.execute(LATEST, [typed["email"]]).fetchone()
        assert row
        assert row[4]["consent_text_version"] == "tcpa-2"
        assert "shown_consent" not in row[1]
    finally:
        market.execute("update leadgen.lead_forms set consent_text_version = 'tcpa-1'")
