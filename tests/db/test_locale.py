"""Where no locale of Unicode is installed, the embedded server gets one that PostgreSQL brings along."""

import subprocess

import pytest

from leadgen.db import embedded


@pytest.mark.parametrize(
    ("known", "major", "options"),
    [
        ("C\nC.utf8\nPOSIX\n", 15, ["--locale=C.UTF-8"]),
        ("C\nde_DE.utf8\nen_US.UTF-8\n", 15, ["--locale=en_US.UTF-8"]),
        ("C\nPOSIX\n", 16, ["--locale=C", "--locale-provider=icu", "--icu-locale=und"]),
        ("C\nPOSIX\n", 18, ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]),
    ],
)
def test_embedded_server_folds_letters_as_unicode_does(
    known: str, major: int, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = subprocess.CompletedProcess(["locale", "-a"], 0, known, "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: said)
    assert embedded._locale(major) == options
