"""The order in which files run."""

from types import SimpleNamespace
from typing import Any

from rig.order import LONGEST, TESTS, pytest_collection_modifyitems


def test_the_files_that_run_first_are_there() -> None:
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []


def test_long_files_come_first_and_the_rest_keeps_its_order() -> None:
    first, second = LONGEST[:2]
    names = ["b.py", second, "a.py", first, second, "b.py"]
    items: list[Any] = [SimpleNamespace(path=TESTS / name, number=n) for n, name in enumerate(names)]
    pytest_collection_modifyitems(items)
    assert [item.number for item in items] == [3, 1, 4, 0, 2, 5]
