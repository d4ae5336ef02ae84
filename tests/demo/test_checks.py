"""The checks see what does not hold: each is shown one thing that is wrong."""

from dataclasses import replace
from typing import Any

import pytest

from leadgen.demo.buyers import Receipts
from leadgen.demo.checks import StoredDelivery, StoredLead, check_deliveries, check_leads
from leadgen.demo.leads import Expected, Posting
from leadgen.demo.posting import Answer

SOLD = Posting(1, "good", "austin-plumbing", {}, Expected("sold", 1, buyer="Ann"))
REFUSED = Posting(
    2, "duplicate", "austin-plumbing", {}, Expected("rejected", code="duplicate", field="phone")
)
STRANGE = Posting(3, "unknown_source", None, {}, Expected("quarantined", code="source"))
REPEATED = replace(SOLD, number=4, kind="repeat", repeats=1)

ANSWERS = [
    Answer(SOLD, 202, {"lead_id": 7}),
    Answer(REFUSED, 400, {"detail": {"lead_id": 8}}),
    Answer(STRANGE, 422, {"detail": "not accepted", "step": "source"}),
    Answer(REPEATED, 202, {"lead_id": 7, "repeated": True}),
]
LEADS = {
    7: StoredLead(7, "accepted", "sold", None, None, ["Ann"]),
    8: StoredLead(8, "rejected", "rejected", "duplicate", "phone", []),
}


def test_nothing_is_said_when_all_is_well() -> None:
    assert check_leads(ANSWERS, LEADS) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"fate": "held", "buyers": []}, "lead 7 is held instead of sold to 1"),
        ({"buyers": ["Ann", "Bob"]}, "lead 7 is sold to 2 instead of sold to 1"),
        ({"buyers": ["Bob"]}, "lead 7 went to Bob instead of Ann"),
        ({"status": "validated"}, "lead 7 is sold, but its status is validated"),
        ({"fate": "rejected", "buyers": [], "code": "duplicate"}, "lead 7 is rejected for duplicate"),
    ],
)
def test_a_lead_with_another_fate_is_noticed(change: dict[str, Any], complaint: str) -> None:
    complaints = check_leads(ANSWERS, {**LEADS, 7: replace(LEADS[7], **change)})
    assert len(complaints) == 2  # the posting and its replay
    assert complaints[0].startswith(f"posting 1 (good, austin-plumbing): {complaint}")


@pytest.mark.parametrize(
    ("index", "change", "complaint"),
    [
        (0, {"status": 503}, "HTTP 503 instead of 202"),
        (0, {"body": {}}, "its lead is not stored"),
        (2, {"body": {"step": "offer"}}, "stopped at offer instead of source"),
        (3, {"body": {"lead_id": 7}}, "not the answer of posting 1 again"),
        (3, {"body": {"lead_id": 8, "repeated": True}}, "not the answer of posting 1 again"),
    ],
)
def test_another_answer_is_noticed(index: int, change: dict[str, Any], complaint: str) -> None:
    answers = [*ANSWERS]
    answers[index] = replace(answers[index], **change)
    assert any(complaint in line for line in check_leads(answers, LEADS))


def test_another_reason_and_a_lead_of_nobody_are_noticed() -> None:
    odd = {**LEADS, 8: replace(LEADS[8], code="email_disposable", field="email"), 9: replace(LEADS[7], id=9)}
    assert check_leads(ANSWERS, odd) == [
        "posting 2 (duplicate, austin-plumbing): lead 8 is rejected for email_disposable (email)"
        " instead of rejected for duplicate (phone)",
        "lead 9 belongs to no posting",
    ]


WEBHOOK = StoredDelivery(1, 7, 70, "webhook", "delivered", "http://ann.example", "Ann", "msg_a")
EMAIL = StoredDelivery(2, 7, 70, "email", "delivered", "ann@ann.example", "Ann", "msg_b")


def receipts(**changes: Any) -> Receipts:
    known: dict[str, Any] = {"webhooks": {"msg_a": ("Ann", 70)}, "emails": {"msg_b": "ann@ann.example"}}
    return Receipts(**{**known, **changes})


def test_nothing_is_said_when_everything_arrived() -> None:
    assert check_deliveries([WEBHOOK, EMAIL], receipts()) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"webhooks": {}}, "to Ann by webhook: recorded as delivered, but the buyer does not have it"),
        ({"webhooks": {"msg_a": ("Bob", 70)}}, "the buyer does not have it"),
        ({"webhooks": {"msg_a": ("Ann", 71)}}, "the buyer does not have it"),
        ({"emails": {"msg_b": "bob@ann.example"}}, "to Ann by email: recorded as delivered"),
        ({"forged": 2}, "2 webhooks came with a signature that does not verify"),
        (
            {"emails": {"msg_b": "ann@ann.example", "msg_x": "ann@ann.example"}},
            "msg_x came, but was never owed",
        ),
    ],
)
def test_what_did_not_arrive_is_noticed(changes: dict[str, Any], complaint: str) -> None:
    complaints = check_deliveries([WEBHOOK, EMAIL], receipts(**changes))
    assert len(complaints) == 1
    assert complaint in complaints[0]


@pytest.mark.parametrize(
    ("delivery", "status"), [(WEBHOOK, "pending"), (WEBHOOK, "dead"), (EMAIL, "unknown")]
)
def test_another_end_is_noticed(delivery: StoredDelivery, status: str) -> None:
    [complaint] = check_deliveries([replace(delivery, status=status)], receipts(webhooks={}, emails={}))
    assert f"{status} instead of" in complaint
