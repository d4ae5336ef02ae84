"""The changes of a what-if: read from a file and the command line, and put into words."""

from pathlib import Path

import pytest

from leadgen.errors import LeadGenError
from leadgen.whatif.changes import Names, describe_change, flatten, read_changes


def test_a_setting_is_put_at_its_path() -> None:
    settings = [
        "routing.strategy=weighted",
        "routing.max_buyers=2",
        "enrollments.7.weight=3",
        "enrollments.7.is_active=false",
        'routing.tie_breakers=["priority"]',
        "validation.name=a = b",
    ]
    assert read_changes(None, settings) == {
        "routing": {"strategy": "weighted", "max_buyers": 2, "tie_breakers": ["priority"]},
        "enrollments": {"7": {"weight": 3, "is_active": False}},
        "validation": {"name": "a = b"},
    }
    assert read_changes(None, []) == {}


def test_settings_are_put_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "changes.json"
    file.write_text('{"routing": {"strategy": "priority", "max_buyers": 2}}')
    changes = read_changes(file, ["routing.strategy=weighted"])
    assert changes == {"routing": {"strategy": "weighted", "max_buyers": 2}}


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("routing.strategy", "allowed KEY=VALUE"),
        ("=weighted", "allowed KEY=VALUE"),
        ("routing..strategy=weighted", "allowed KEY=VALUE"),
    ],
)
def test_a_malformed_setting_is_refused(setting: str, complaint: str) -> None:
    with pytest.raises(LeadGenError, match=complaint):
        read_changes(None, [setting])


def test_two_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(LeadGenError, match="routing has a value from an earlier change"):
        read_changes(None, ["routing=1", "routing.strategy=weighted"])


@pytest.mark.parametrize(
    ("text", "complaint"), [("{", "is not JSON"), ("[1]", "allowed an object"), (None, "No such file")]
)
def test_a_file_that_is_no_object_is_refused(text: str | None, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "changes.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(LeadGenError, match=complaint):
        read_changes(file, [])


def test_flatten_names_every_value_by_its_path() -> None:
    changes = {"routing": {"caps": {"per_day": 5}, "strategy": "weighted"}, "remove": [7], "pricing": {}}
    assert list(flatten(changes)) == [
        ("routing.caps.per_day", 5),
        ("routing.strategy", "weighted"),
        ("remove", [7]),
        ("pricing", {}),
    ]
    assert list(flatten({})) == []


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("routing.strategy", "highest_price", "strategy highest price"),
        ("routing.caps.per_day", 5, "caps per day 5"),
        ("enrollments.7.weight", 3, "weight 3 for Ace"),
        ("enrollments.9.is_active", False, "is active false for enrollment 9"),
        ("routing.tie_breakers", ["priority"], "tie breakers priority"),
        (
            "pricing.time_of_day",
            [{"name": "after_hours"}, {"name": "lunch"}],
            "time of day after_hours, lunch",
        ),
        ("pricing.adjustments", [{"percent": 5}], "adjustments 1 entry"),
        ("validation.allowed_postal_codes", ["787*", "786*"], "allowed postal codes 787*, 786*"),
        ("default_price_per_lead", 50, "default price per lead 50"),
        ("without", [107, 9], "Ace and buyer 9 left out"),
        ("with", [{"buyer_id": 107, "weight": 2}], "Ace added"),
        ("with", 7, "with 7"),
    ],
)
def test_a_change_is_put_into_words(path: str, value: object, words: str) -> None:
    assert describe_change(path, value, Names({"7": "Ace"}, {"107": "Ace"})) == words
