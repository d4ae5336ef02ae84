"""Programs that are not ours and that `make setup` gets for some tests (scripts/get-program)."""

import shutil
from pathlib import Path

import pytest

from leadgen.paths import checkout


def find_program(name: str) -> Path | None:
    """The system's program, else the one that was unpacked, else None."""
    unpacked = (checkout() or Path()) / f".leadgen/{name}/usr/sbin/{name}"
    found = shutil.which(name)
    return Path(found) if found else unpacked if unpacked.exists() else None


def needs(name: str) -> pytest.MarkDecorator:
    """Skip a test where the program is not to be had."""
    return pytest.mark.skipif(
        find_program(name) is None, reason=f"{name} could not be had (scripts/get-program)"
    )
