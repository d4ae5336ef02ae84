"""Where the project's files are: in a checkout, or packaged inside the wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def checkout() -> Path | None:
    """The checkout this package runs from, or None when it was installed from a wheel."""
    root = PACKAGE.parent.parent
    return root if (root / "sql").is_dir() and (root / "pyproject.toml").is_file() else None


def sql_dir() -> Path:
    """The declared schema: sql/ of the checkout, else the copy inside the wheel."""
    root = checkout()
    return root / "sql" if root else PACKAGE / "sql"


def state_dir() -> Path:
    """Where private state belongs (embedded server, logs): .leadgen/ of the checkout, else of `.`."""
    return (checkout() or Path.cwd()) / ".leadgen"
