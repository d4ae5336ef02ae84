"""Loading data into a migrated database: the reference data, or a file of rows."""

from pathlib import Path

from leadgen.db.exclusive import exclusive_session
from leadgen.db.owner import as_owner
from leadgen.db.reference import load_reference
from leadgen.db.tree import run_file
from leadgen.errors import LeadGenError


def load_reference_data(url: str) -> dict[str, int]:
    """Load the reference tables whose packages changed; returns {table: rows}."""
    with exclusive_session(url) as connection:
        return load_reference(connection)


def load_file(url: str, path: Path) -> None:
    """Run a file of SQL in one transaction as leadgen_owner. Raises SqlError with the line."""
    if not path.is_file():
        raise LeadGenError(f"{path}: no such file")
    with exclusive_session(url) as connection, as_owner(connection):
        run_file(connection, path, path.name)
