"""A migration is frozen once it is committed: databases have had it, and would refuse another text under its number."""

import os
import subprocess
from pathlib import Path

import pytest

from leadgen.db.tree import Migration, SqlTree
from leadgen.paths import sql_dir

TREE = SqlTree(sql_dir())
CHECKSUMS = TREE.root / "migrations" / "checksums"


def git(*arguments: str, where: Path) -> str | None:
    """What git says in a directory, whoever owns it; None where it fails."""
    command = ["git", "-c", "safe.directory=*", "-C", str(where), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def earlier_lists(checkout: Path) -> list[list[str]]:
    """sql/migrations/checksums of every commit that changed it, newest first; none where there is no history.

    What a branch did within itself before it was merged does not count.
    """
    top = git("rev-parse", "--show-toplevel", where=checkout)
    if top is None or Path(top.strip()).resolve() != checkout.resolve():
        return []
    path = "sql/migrations/checksums"
    commits = git("rev-list", "--first-parent", "HEAD", "--", path, where=checkout) or ""
    lists = (git("show", f"{commit}:{path}", where=checkout) for commit in commits.split())
    return [text.splitlines() for text in lists if text is not None]


def check_appended(checkout: Path) -> None:
    """Every earlier list is the beginning of today's."""
    today = (checkout / "sql/migrations/checksums").read_text().splitlines()
    for lines in earlier_lists(checkout):
        assert today[: len(lines)] == lines, "sql/migrations/checksums is only ever appended to"


@pytest.mark.parametrize("migration", TREE.migrations(), ids=lambda one: one.path.name)
def test_a_migration_is_what_was_committed(migration: Migration) -> None:
    lines = (line.split() for line in CHECKSUMS.read_text().splitlines())
    listed = {name: checksum for checksum, name in lines}
    name = migration.path.name
    assert name in listed, f"a new migration: cd sql/migrations && sha256sum {name} >> checksums"
    assert listed[name] == migration.checksum, f"{name} was changed: add a new migration instead"


def test_none_is_gone() -> None:
    names = [line.split()[1] for line in CHECKSUMS.read_text().splitlines()]
    assert sorted(names) == [migration.path.name for migration in TREE.migrations()]


def test_the_list_was_only_appended_to() -> None:
    if not earlier_lists(TREE.root.parent):
        pytest.skip("no history: this is no checkout of git")
    check_appended(TREE.root.parent)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A repository with a migration in it."""
    run(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "aaa  0001_a.sql\n")
    return tmp_path


def run(where: Path, *arguments: str) -> None:
    assert git("-c", "user.name=n", "-c", "user.email=e@x.example", *arguments, where=where) is not None


def commit(where: Path, checksums: str) -> None:
    path = where / "sql/migrations/checksums"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(checksums)
    run(where, "add", "--all")
    run(where, "commit", "--quiet", "--message=m")


def test_another_text_of_a_committed_one_is_found(history: Path) -> None:
    commit(history, "bbb  0001_a.sql\n")
    with pytest.raises(AssertionError, match="only ever appended to"):
        check_appended(history)


def test_so_is_one_that_is_not_yet_committed(history: Path) -> None:
    commit(history, "aaa  0001_a.sql\nbbb  0002_b.sql\n")
    check_appended(history)
    (history / "sql/migrations/checksums").write_text("aaa  0001_a.sql\nccc  0002_b.sql\n")
    with pytest.raises(AssertionError, match="only ever appended to"):
        check_appended(history)


def test_a_branch_may_change_its_own_until_it_is_merged(history: Path) -> None:
    run(history, "switch", "--quiet", "--create", "branch")
    commit(history, "aaa  0001_a.sql\nbbb  0002_b.sql\n")
    commit(history, "aaa  0001_a.sql\nccc  0002_b.sql\n")
    run(history, "switch", "--quiet", "main")
    run(history, "merge", "--quiet", "--no-ff", "--message=m", "branch")
    check_appended(history)


def test_without_a_history_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert earlier_lists(tmp_path) == []
