"""POST /api/sms/status/{message_id}: what Twilio says of a text message, once its signature fits."""

from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import UUID

import psycopg
import pytest
from twilio.request_validator import RequestValidator

from api.serving import Answer, Api, add_catalogue, add_sms, running_api
from rig.cluster import Cluster

TOKEN = "0123456789abcdef0123456789abcdef"
PUBLIC_URL = "https://leads.example/market"  # behind a proxy that takes /market away
FORM = "application/x-www-form-urlencoded"
SID = "SM" + "0" * 32


@pytest.fixture(scope="module")
def twilio_api(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that sends text messages."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with running_api(
            database,
            tmp_path_factory.mktemp("sms"),
            PUBLIC_URL=PUBLIC_URL,
            TWILIO_ACCOUNT_SID="AC" + "0" * 32,
            TWILIO_AUTH_TOKEN=TOKEN,
            TWILIO_PHONE_NUMBER="+15125550199",
        ) as running:
            yield running


@pytest.fixture
def message(twilio_api: Api) -> UUID:
    """A text message that Twilio has taken; what became of it is not known yet."""
    with psycopg.connect(twilio_api.database) as connection:
        return add_sms(connection)


def status_of(api: Api, message: UUID) -> object:
    with psycopg.connect(api.database) as connection:
        query = "select status::text from leadgen.deliveries where message_id = %s"
        row = connection.execute(query, [message]).fetchone()
    assert row
    return row[0]


def call_back(
    api: Api,
    message: object,
    fields: dict[str, str] | None = None,
    *,
    query: str = "",
    token: str = TOKEN,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Call as Twilio does: the signature is over the address and the fields."""
    said = {"MessageSid": SID, "MessageStatus": "delivered"} if fields is None else fields
    path = f"/api/sms/status/{message}{query}"
    signature = RequestValidator(token).compute_signature(PUBLIC_URL + path, said)
    named = {"Content_Type": FORM, "X_Twilio_Signature": signature} | (headers or {})
    return api.request("POST", path, urlencode(said) if body is None else body, **named)


def test_a_status_is_taken_in(twilio_api: Api, message: UUID) -> None:
    assert status_of(twilio_api, message) == "sent"
    answer = call_back(twilio_api, message)
    assert (answer.status, answer.body) == (204, b"")
    assert status_of(twilio_api, message) == "delivered"
    assert call_back(twilio_api, message).status == 204, "Twilio may say it twice"


def test_all_that_twilio_sends_is_signed(twilio_api: Api, message: UUID) -> None:
    fields = {
        "MessageSid": SID,
        "MessageStatus": "undelivered",
        "ErrorCode": "30003",
        "To": "+15125550100",
        "Body": "Grüße & mehr = +%",
        "Empty": "",
    }
    assert call_back(twilio_api, message, fields).status == 204
    assert status_of(twilio_api, message) == "dead"


def test_the_query_is_signed_too(twilio_api: Api, message: UUID) -> None:
    assert call_back(twilio_api, message, query="?x=1&y=%20").status == 204


def test_a_report_of_another_message_is_a_conflict(twilio_api: Api, message: UUID) -> None:
    assert call_back(twilio_api, message, {"MessageSid": SID, "MessageStatus": "sent"}).status == 204
    other = call_back(twilio_api, message, {"MessageSid": SID.replace("0", "1"), "MessageStatus": "failed"})
    other.check_problem()
    assert other.status == 409
    assert status_of(twilio_api, message) == "sent"


def test_a_status_that_there_is_not_is_refused(twilio_api: Api, message: UUID) -> None:
    answer = call_back(twilio_api, message, {"MessageSid": SID, "MessageStatus": "lost"})
    assert (answer.status, answer.fields) == (400, ["status"])


@pytest.mark.parametrize(
    "headers",
    [{"X_Twilio_Signature": ""}, {"X_Twilio_Signature": "x" * 28}, {"X_Twilio_Signature": "\xe9" * 9}],
)
def test_a_signature_that_does_not_fit_is_forbidden(
    twilio_api: Api, message: UUID, headers: dict[str, str]
) -> None:
    answer = call_back(twilio_api, message, headers=headers)
    assert (answer.status, answer.fields) == (403, ["X-Twilio-Signature"])
    assert status_of(twilio_api, message) == "sent"


def test_without_a_signature_nothing_is_read(twilio_api: Api, message: UUID) -> None:
    path = f"/api/sms/status/{message}"
    answer = twilio_api.request("POST", path, "MessageSid=1&MessageStatus=delivered", Content_Type=FORM)
    assert answer.status == 403


@pytest.mark.parametrize("change", ["token", "field", "message"])
def test_what_was_signed_otherwise_is_forbidden(twilio_api: Api, message: UUID, change: str) -> None:
    if change == "token":
        answer = call_back(twilio_api, message, token="another")
    elif change == "field":
        answer = call_back(twilio_api, message, body=f"MessageSid={SID}&MessageStatus=failed")
    else:
        with psycopg.connect(twilio_api.database) as connection:
            other = add_sms(connection)
        path = f"/api/sms/status/{other}"
        said = {"MessageSid": SID, "MessageStatus": "delivered"}
        signature = RequestValidator(TOKEN).compute_signature(f"{PUBLIC_URL}/api/sms/status/{message}", said)
        answer = twilio_api.request(
            "POST", path, urlencode(said), Content_Type=FORM, X_Twilio_Signature=signature
        )
    assert answer.status == 403
    assert status_of(twilio_api, message) == "sent"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"MessageStatus": "delivered"}, "MessageSid"),
        ({"MessageSid": SID}, "MessageStatus"),
        ({"MessageSid": SID, "MessageStatus": ""}, "MessageStatus"),
        ({"MessageSid": SID, "MessageStatus": "failed", "ErrorCode": "many"}, "ErrorCode"),
        ({"MessageSid": SID, "MessageStatus": "failed", "ErrorCode": "9" * 10}, "ErrorCode"),
        ({"MessageSid": SID, "MessageStatus": "failed", "ErrorCode": "٣"}, "ErrorCode"),
        ({"MessageSid": "a\x00b", "MessageStatus": "failed"}, "body"),
    ],
)
def test_a_field_that_is_missing_or_odd_is_named(
    twilio_api: Api, message: UUID, fields: dict[str, str], field: str
) -> None:
    answer = call_back(twilio_api, message, fields)
    assert (answer.status, answer.fields) == (400, [field])


@pytest.mark.parametrize(
    "body",
    [
        "MessageSid=1&MessageSid=2&MessageStatus=delivered",
        "MessageSid=%ff&MessageStatus=delivered",
        "MessageSid=ü&MessageStatus=delivered".encode(),
        "&".join(f"f{i}=1" for i in range(200)),
    ],
)
def test_a_body_that_is_no_form_is_refused(twilio_api: Api, message: UUID, body: object) -> None:
    answer = call_back(twilio_api, message, body=body)
    assert (answer.status, answer.fields) == (400, ["body"])


def test_other_types_and_sizes_are_refused(twilio_api: Api, message: UUID) -> None:
    assert call_back(twilio_api, message, headers={"Content_Type": "application/json"}).status == 415
    assert call_back(twilio_api, message, body="x=" + "y" * 70_000).status == 413


@pytest.mark.parametrize("message", ["2ea604df-2c69-4ea2-87eb-06019bde6be7", "1", "x" * 300, "%00"])
def test_a_message_that_there_is_not_is_not_found(twilio_api: Api, message: str) -> None:
    answer = call_back(twilio_api, message)
    answer.check_problem()
    assert answer.status == 404


def test_where_no_messages_are_sent_there_is_nothing(api: Api, message: UUID) -> None:
    answer = call_back(api, message)
    answer.check_problem()
    assert answer.status == 404
