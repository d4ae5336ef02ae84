"""`leadgen consent`: texts of consent, added, listed and shown."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

TEXT = "I agree that Ann\u2019s Plumbing calls me.\n\nI may withdraw it."


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "consent.txt"
    path.write_text(TEXT + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.usefixtures("database")
def test_a_text_is_added_listed_and_shown(run: Run, file: str) -> None:
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    assert run("consent", "list").stderr == "no texts; `leadgen consent add VERSION FILE` adds one\n"
    assert run("consent", "add", "tx-1", file, "--reason", "lawyers").stdout == f"tx-1  {digest}\n"
    assert "I agree that Ann\u2019s Plumbing calls me. I may with" in run("consent", "list").stdout
    assert json.loads(run("consent", "list", "--json").stdout)[0]["sha256"] == digest
    assert run("consent", "show", "tx-1").stdout == f"{TEXT}\n"
    Path(file).write_text("another", encoding="utf-8")
    refused = run("consent", "add", "tx-1", file)
    assert refused.returncode == 1
    assert "The version tx-1 has another text" in refused.stderr
    assert "no text tx-2: `leadgen consent list`" in run("consent", "show", "tx-2").stderr
    assert "No such file" in run("consent", "add", "tx-2", f"{file}.gone").stderr


@pytest.mark.usefixtures("database")
def test_a_dba_needs_no_more_rights(
    run: Run, file: str, role_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    assert run("consent", "add", "tx-1", file).returncode == 0
    assert run("consent", "show", "tx-1").returncode == 0
