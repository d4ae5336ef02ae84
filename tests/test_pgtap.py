"""Each file of pgtap/ is one test: `pytest tests/test_pgtap.py -k routing`.

Each runs in a transaction that it rolls back, so all of them share a database. `leadgen test-rules` gives each its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadgen.db.pgtap import judge, pgtap_dir, pgtap_files, run_pgtap
from rig.cluster import Cluster


@pytest.fixture(scope="module")
def shared(cluster: Cluster, pgtap_template: str) -> Iterator[str]:
    """The URL of the database of all files."""
    with cluster.clone(pgtap_template) as url:
        yield url


@pytest.mark.parametrize(
    "path", pgtap_files(), ids=lambda path: str(path.relative_to(pgtap_dir()).with_suffix(""))
)
def test_pgtap(path: Path, shared: str) -> None:
    assert path.read_text().endswith("\nrollback;\n"), "what a file leaves behind, the next one would find"
    complaints = run_pgtap(shared, path)
    assert not complaints, "\n".join(["", *complaints])


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        ("1..2\nok 1 - a\nok 2 - b", None),
        ("1..1\nnot ok 1 - a\n# Failed test 1\n#   have: 1", "#   have: 1"),
        ("1..3\nok 1 - a", "planned 3 tests, ran 1"),
        ("1..1\nok 1\nok 2", "planned 1 tests, ran 2"),
        ("ok 1", "no plan: the file must select plan(n)"),
        ("1..0", "ran no test at all"),
        ("", "ran no test at all"),
    ],
)
def test_judge(output: str, complaint: str | None) -> None:
    complaints = judge(output)
    assert complaint in complaints if complaint else complaints == []


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("select plan(1); select ok(true, 'fine'); select * from finish();", None),
        ("select plan(1); select is(1, 2, 'one is two'); select * from finish();", "one is two"),
        ("select plan(2); select ok(true); select * from finish();", "planned 2 tests, ran 1"),
        ("select plan(1); select 1 / 0; select ok(true);", "division by zero"),
    ],
)
def test_run_pgtap(
    body: str, complaint: str | None, cluster: Cluster, pgtap_template: str, tmp_path: Path
) -> None:
    path = tmp_path / "some test.sql"
    path.write_text(f"begin;\n{body}\nrollback;\n")
    with cluster.clone(pgtap_template) as url:
        complaints = run_pgtap(url, path)
    assert complaint in "\n".join(complaints) if complaint else complaints == []
