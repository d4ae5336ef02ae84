"""Leads as people and partners really send them, over HTTP: what is mended, noted and never costs a lead."""

from typing import Any

import psycopg
import pytest

from api.serving import OPERATOR_KEY, SOURCE_KEY, Answer, Api, make_lead

LEAD = """
select to_jsonb(l) || jsonb_build_object('ip_address', host(l.ip_address)) from leadgen.leads l where l.id = %s
"""


def row_of(database: psycopg.Connection, answer: Answer) -> dict[str, Any]:
    """The lead that an answer is about, which must have been taken."""
    assert answer.status == 202, answer.body
    row = database.execute(LEAD, (answer.json["lead_id"],)).fetchone()
    assert row
    lead: dict[str, Any] = row[0]
    return lead


def test_a_character_that_is_no_text_is_replaced_and_noted(
    api: Api, shared_database: psycopg.Connection
) -> None:
    answer = api.post(make_lead(message="roof \ud83d", attributes={"floor": ["a\x00b"], "roof": "\ud83d"}))
    lead = row_of(shared_database, answer)
    assert lead["message"] == "roof \ufffd"
    assert lead["attributes"] == {"floor": ["a\ufffdb"], "roof": "\ufffd"}
    assert lead["intake_notes"] == [
        "attributes.floor, attributes.roof: a character that is no text was replaced",
        "message: a character that is no text was replaced",
    ]
    account = api.get(f"/api/leads/{answer.json['lead_id']}/decision", Authorization=f"Bearer {OPERATOR_KEY}")
    assert account.json["intake_notes"] == lead["intake_notes"]


def test_the_same_bad_character_again_is_the_same_lead(api: Api) -> None:
    body = make_lead(message="roof \ud83d", idempotency_key="bad-character")
    first, again = api.post(body), api.post(body)
    assert again.json == first.json | {"repeated": True}


def test_an_address_with_a_lost_character_is_refused_with_the_reason(api: Api) -> None:
    answer = api.post(make_lead(email="jo\ud83dhn@example.com"))
    assert answer.status == 400
    (error,) = answer.json["detail"]["errors"]
    assert (error["field"], error["reason"]) == (
        "email",
        "email contains a character that could not be read",
    )


def test_a_clean_lead_has_no_notes(api: Api, shared_database: psycopg.Connection) -> None:
    lead = row_of(shared_database, api.post(make_lead(name="José O\u2019Brien", message="Grüße 👩‍🔧 ❤️")))
    assert (lead["intake_notes"], lead["tracking"]) == (None, None)
    assert (lead["name"], lead["message"]) == ("José O\u2019Brien", "Grüße 👩‍🔧 ❤️")
    assert "attributes" not in lead["submitted"]


def test_a_typed_city_does_not_move_a_lead(api: Api, shared_database: psycopg.Connection) -> None:
    answer = api.post(make_lead(postal_code="78701", city="Chicago"))
    lead = row_of(shared_database, answer)
    assert (lead["city"], lead["signals"]["city_key"]) == ("Chicago", "austin")
    assert lead["intake_notes"] == ["city: read as Austin, where the postal code is"]


def test_a_country_that_is_none_is_refused(api: Api) -> None:
    answer = api.post(make_lead(country_code="Atlantis"))
    assert answer.status == 400
    assert "leadgen.country_names" in str(answer.json)


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"utm_campaign": "c" * 300}, "utm_campaign", "c" * 100),
        ({"utm_source": 7}, "utm_source", "7"),
        ({"landing_url": "https://austin.example/" + "x" * 3000}, "landing_url", None),
        ({"attributes": []}, "attributes", {}),
        ({"attributes": ""}, "attributes", {}),
        ({"consent": ""}, "consent", None),
        ({"consent": "maybe"}, "consent", None),
        ({"consent": {"given": True}}, "consent", None),
        ({"consent": "on"}, "consent", True),
        ({"consent": ["on"]}, "consent", True),
        ({"gdpr_consent": "OUI"}, "gdpr_consent", True),
        ({"gdpr_consent": "Sí"}, "gdpr_consent", True),
        ({"gdpr_consent": "nein"}, "gdpr_consent", False),
        ({"consent_at": ""}, "consent_at", None),
        ({"country_code": "United States of America"}, "country_code", "US"),
        ({"country_code": "U.S."}, "country_code", "US"),
        ({"region_code": "Texas"}, "region_code", "US-TX"),
        ({"region_code": "tx"}, "region_code", "US-TX"),
        ({"postal_code": 78701}, "postal_code", "78701"),
        ({"postal_code": 78701.0}, "postal_code", "78701"),
        ({"postal_code": "78701.0"}, "postal_code", "78701"),
        ({"postal_code": "\uff17\uff18\uff17\uff10\uff11"}, "postal_code", "78701"),
        ({"message": 5}, "message", "5"),
        ({"name": 5}, "name", "5"),
        ({"city": "Aus\u200btin\u200f"}, "city", "Austin"),
        ({"email": "JOHN.DOE@Example.com\u200e"}, "email", "john.doe@example.com"),
        ({"email": "\uff4aohn\u2013doe@example\u3002com"}, "email", "john-doe@example.com"),
        ({"phone": "\u202a(512) 555\u20137799\u202c"}, "phone", "+15125557799"),
        ({"\ufeffname": "Ann", "name": None}, "name", "Ann"),
        ({"message": "one\r\ntwo\r\r\n\n\n three \u2028four"}, "message", "one\ntwo\n\nthree\nfour"),
    ],
)
def test_what_is_mended(
    api: Api, shared_database: psycopg.Connection, changes: dict[str, Any], column: str, value: object
) -> None:
    lead = row_of(shared_database, api.post(make_lead(**changes)))
    if value is not None or column != "landing_url":
        assert lead[column] == value
    else:
        assert len(lead[column]) == 2000


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({"utm_campaign": "c" * 300}, ["utm_campaign: cut to 100 of 300 characters"]),
        ({"consent": ["on"]}, ["consent: read as true"]),
        ({"consent": "perhaps"}, ["consent: neither a clear yes nor a clear no, so there is no answer"]),
        ({"consent": ""}, None),
        ({"postal_code": "78701.0"}, ["postal_code: read without decimals"]),
        ({"postal_code": 78701}, None),
        (
            {"email": "john.notes@example.com\u200e"},
            [
                "email: characters that nobody sees, or that look like others, were read as a person reads them"
            ],
        ),
        ({"ip_address": "203.0.113.9"}, ["ip_address: not taken, because the sender has no API key"]),
    ],
)
def test_what_is_noted(
    api: Api, shared_database: psycopg.Connection, changes: dict[str, Any], notes: list[str] | None
) -> None:
    body = make_lead(**changes)
    lead = row_of(shared_database, api.post(body))
    assert lead["intake_notes"] == notes
    assert lead["submitted"] == body, "what was sent is kept"


def test_a_zip_that_lost_its_zero_is_mended(api: Api) -> None:
    """The offer is for Austin, so Boston's is refused as what it is."""
    answer = api.post(make_lead(postal_code=2108))
    assert answer.status == 400
    assert answer.json["detail"]["errors"][0]["code"] == "postal_code_not_allowed"


def test_tracking_fields_are_kept(api: Api, shared_database: psycopg.Connection) -> None:
    tracking = {
        "external_id": "P-77", "utm_term": "plumber", "utm_content": "ad 1", "gclid": "Cj0K", "fbclid": "IwAR",
        "click_id": "c1", "session_id": "s1", "referrer": "https://search.example/?q=plumber",
        "sub_id": "a", "sub_id1": "b", "sub_id5": "f",
    }  # fmt: skip
    odd = {"sub_id2": 42, "sub_id3": {"a": 1}, "sub_id4": " ", "gclid": "g" * 900}
    lead = row_of(shared_database, api.post(make_lead(**tracking | odd)))
    assert lead["tracking"] == tracking | {"sub_id2": "42", "sub_id3": '{"a": 1}', "gclid": "g" * 500}
    assert lead["intake_notes"] == [
        "gclid: cut to 500 of 900 characters",
        "sub_id3: a value of type object was kept as text",
    ]
    found = shared_database.execute("select lead_id, matched from leadgen.find_leads('P-77')").fetchall()
    assert found == [(lead["id"], "external_id")]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[2001:DB8::9]:443", "2001:db8::9"),
        ("fe80::1%eth0", "fe80::1"),
        ("999.1.1.1", None),
        ("unknown", None),
        (["203.0.113.9"], None),
    ],
)
def test_the_visitor_of_a_sender_with_a_key(
    api: Api, shared_database: psycopg.Connection, sent: object, kept: str | None
) -> None:
    body = make_lead(source_key=None, ip_address=sent, user_agent="Mozilla/5.0 " + "x" * 600)
    lead = row_of(shared_database, api.post(body, Authorization=f"Bearer {SOURCE_KEY}"))
    assert lead["ip_address"] == kept
    assert lead["user_agent"] == ("Mozilla/5.0 " + "x" * 600)[:500]


def test_the_visitor_of_a_sender_without_a_key_is_who_calls(
    api: Api, shared_database: psycopg.Connection
) -> None:
    body = make_lead(ip_address="203.0.113.9", user_agent="Mozilla/5.0")
    lead = row_of(shared_database, api.post(body, User_Agent="curl/8"))
    assert (lead["ip_address"], lead["user_agent"]) == ("127.0.0.1", "curl/8")
    assert lead["intake_notes"] == [
        "ip_address: not taken, because the sender has no API key",
        "user_agent: not taken, because the sender has no API key",
    ]


def test_an_empty_key_is_no_key(api: Api, shared_database: psycopg.Connection) -> None:
    lead = row_of(shared_database, api.post(make_lead(idempotency_key="")))
    assert lead["idempotency_key"].startswith("auto:")


def test_the_message_reaches_the_buyer_with_its_lines(api: Api, shared_database: psycopg.Connection) -> None:
    lead = row_of(shared_database, api.post(make_lead(message="Roof leaks.\r\n\r\nCall after 5.")))
    query = """
        select outbox.compose_assigned(a, l)::jsonb #>> '{data,lead,message}'
        from leadgen.leads l join leadgen.lead_assignments a on a.lead_id = l.id where l.id = %s"""
    assert shared_database.execute(query, (lead["id"],)).fetchone() == ("Roof leaks.\n\nCall after 5.",)
