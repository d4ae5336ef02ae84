"""The changes of a what-if: from a file and from `--set path=value`, and back into words."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Self

from leadgen.errors import LeadGenError
from leadgen.words import count_of

Json = dict[str, Any]

POLICIES = ("routing", "pricing", "payout", "validation")  # left out where a sentence names a change


class Names(NamedTuple):
    """The buyers' names, by id of the enrollment and by id of the buyer."""

    by_enrollment: dict[str, str]
    by_buyer: dict[str, str]

    @classmethod
    def of(cls, outcome: Json) -> Self:
        """The names in an outcome."""
        rows = outcome["buyers"]
        return cls(
            {str(row["buyer_offer_id"]): row["buyer"] for row in rows},
            {str(row["buyer_id"]): row["buyer"] for row in rows},
        )

    def enrollment(self, enrollment_id: object) -> str:
        """Who is enrolled under this id."""
        return self.by_enrollment.get(str(enrollment_id), f"enrollment {enrollment_id}")

    def buyer(self, buyer_id: object) -> str:
        """Who has this id."""
        return self.by_buyer.get(str(buyer_id), f"buyer {buyer_id}")


def read_changes(file: Path | None, settings: Sequence[str]) -> Json:
    """The file's object with each `path=value` put into it. Raises LeadGenError for what cannot be read."""
    changes = read_file(file) if file else {}
    for setting in settings:
        path, found, text = setting.partition("=")
        names = path.strip().split(".")
        if not found or not all(names):
            raise LeadGenError(
                f"--set: found {setting}, allowed KEY=VALUE such as routing.strategy=weighted; "
                "`leadgen what-if --help` lists the keys"
            )
        put(changes, names, read_value(text.strip()), setting)
    return changes


def read_file(file: Path) -> Json:
    """The JSON object in a file."""
    try:
        changes = json.loads(file.read_text())
    except OSError as error:
        raise LeadGenError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise LeadGenError(f"{file} is not JSON: {error}") from None
    if not isinstance(changes, dict):
        raise LeadGenError(
            f"{file}: found JSON of another kind, allowed an object such as "
            '{"routing": {"strategy": "weighted"}}'
        )
    return changes


def read_value(text: str) -> Any:
    """A value as JSON; a text that is no JSON is itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def put(changes: Json, names: Sequence[str], value: Any, setting: str) -> None:
    """Set the value at a path, making the objects on the way."""
    *parents, last = names
    for name in parents:
        changes = changes.setdefault(name, {})
        if not isinstance(changes, dict):
            raise LeadGenError(f"--set {setting}: {name} has a value from an earlier change already")
    changes[last] = value


def flatten(changes: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that is no object with its dotted path, in the order given."""
    if not isinstance(changes, dict) or not changes:
        if path:
            yield path, changes
        return
    for name, value in changes.items():
        yield from flatten(value, f"{path}.{name}" if path else name)


def show_value(value: Any) -> str:
    """A value as a person writes it: text without quotes, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=_number)


def describe_change(path: str, value: Any, names: Names) -> str:
    """`weight 3 for Ace`, `strategy weighted`, `time of day after_hours`, `Bolt left out`, `Zilker added`."""
    section, *rest = path.split(".")
    if section == "without" and isinstance(value, list):
        return f"{' and '.join(names.buyer(buyer_id) for buyer_id in value)} left out"
    if section == "with" and isinstance(value, list):
        return f"{' and '.join(names.buyer(enrollment.get('buyer_id')) for enrollment in value)} added"
    if section == "enrollments" and rest:
        return f"{_phrase(rest[1:], value)} for {names.enrollment(rest[0])}"
    if section in POLICIES and rest:
        return _phrase(rest, value)
    return _phrase([section, *rest], value)


def _phrase(path: Sequence[str], value: Any) -> str:
    return f"{' '.join(path).replace('_', ' ')} {_name_value(value)}".strip()


def _name_value(value: Any) -> str:
    """A value in a sentence: a list of rules by their names, other lists by their entries."""
    if isinstance(value, str):
        return value.replace("_", " ")
    if not isinstance(value, list) or not value:
        return show_value(value)
    if all(isinstance(entry, dict) for entry in value):
        names = [entry.get("name") for entry in value]
        return ", ".join(map(str, names)) if all(names) else count_of(len(value), "entry", "entries")
    return ", ".join(map(show_value, value))


def _number(value: object) -> float:
    assert isinstance(value, Decimal)  # noqa: S101  all else that json.loads makes is JSON's own
    return float(value)
