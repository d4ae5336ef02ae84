"""Programs that are not ours and that `make setup` gets for some tests (scripts/get-program)."""

import shutil
from pathlib import Path

import pytest

from leadgen.paths import checkout


def find_program(name: str, package: str = "") -> Path | None:
    """The system's program, else the one that was unpacked with this package, else None."""
    root = (checkout() or Path()) / ".leadgen" / (package or name) / "usr"
    unpacked = [path for path in (root / "sbin" / name, root / "bin" / name) if path.exists()]
    found = shutil.which(name)
    return Path(found) if found else next(iter(unpacked), None)


def needs(name: str, package: str = "") -> pytest.MarkDecorator:
    """Skip a test where the program is not to be had."""
    return pytest.mark.skipif(
        find_program(name, package) is None, reason=f"{name} could not be had (scripts/get-program)"
    )
