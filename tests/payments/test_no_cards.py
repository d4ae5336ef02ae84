"""No card number comes here, and nothing takes one."""

import json
import re
from pathlib import Path

import leadgen
from leadgen.paths import sql_dir
from payments.conftest import Till

NUMBER = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
PARAMETERS = re.compile(
    r"card\[|\bcvc\b|\bcvv\b|exp_month|exp_year|card_number|payment_method_data", re.IGNORECASE
)
TABLES = (
    "payments",
    "payment_reversals",
    "payment_events",
    "payment_profiles",
    "buyers",
    "events",
    "notices",
)


def is_card(digits: str) -> bool:
    """By Luhn's check digit, as card numbers have it."""
    places = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in places[1::2]]
    return (sum(places[::2]) + sum(doubled)) % 10 == 0


def find_cards(text: str) -> list[str]:
    return [found[0] for found in NUMBER.finditer(text) if is_card(re.sub(r"[ -]", "", found[0]))]


def test_a_card_would_be_found() -> None:
    assert find_cards('{"number": "4242 4242 4242 4242"}') == ["4242 4242 4242 4242"]
    assert find_cards("id 4242424242424241, at 1790000000") == []


def test_a_payment_leaves_no_card_behind(till: Till) -> None:
    till.double.dispute(till.pay("100.00", save=True))
    till.hear_all()
    left = {
        table: till.value(f"select coalesce(jsonb_agg(to_jsonb(t) - 'phone'), '[]') from leadgen.{table} t")
        for table in TABLES
    }
    assert all(left.values())
    assert find_cards(json.dumps(left)) == []
    assert find_cards(json.dumps(till.double.requests)) == []


def test_nothing_of_ours_takes_a_card() -> None:
    package = Path(leadgen.__file__).parent
    files = [*package.rglob("*.py"), *package.rglob("*.html"), *sql_dir().rglob("*.sql")]
    assert len(files) > 200
    assert [str(one) for one in files if PARAMETERS.search(one.read_text())] == []
