"""Which room of the package may know which: read from the import statements."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import leadgen

PACKAGE = Path(leadgen.__file__).parent

# room: the rooms it may import besides itself
ALLOWED = {
    "errors": set[str](),
    "paths": set[str](),
    "words": set[str](),
    "log": set[str](),
    "answer": set[str](),
    "bounded": set[str](),
    "escapes": set[str](),
    "api_keys": set[str](),
    "passwords": set[str](),
    "settings": {"db.urls", "errors"},
    "tracing": {"settings"},
    "sealing": {"bounded", "errors"},
    "mail_domains": {"settings"},
    "db": {"errors", "paths", "settings", "words"},
    "app": {
        "answer",
        "api_keys",
        "console",
        "db",
        "errors",
        "escapes",
        "forms",
        "invoices",
        "log",
        "mail_domains",
        "pages",
        "passwords",
        "portal",
        "sealing",
        "settings",
        "tracing",
    },
    "pages": {"api_keys", "app", "words"},
    "console": {"api_keys", "app", "pages", "show", "whatif", "words"},
    "forms": {"app", "pages"},
    "portal": {"api_keys", "app", "invoices", "pages"},
    "payments": {"settings"},
    "worker": {
        "answer",
        "bounded",
        "db",
        "errors",
        "escapes",
        "invoices",
        "log",
        "mail_domains",
        "payments",
        "reports",
        "sealing",
        "settings",
        "tracing",
    },
    "invoices": {"errors"},
    "reports": {"db", "errors"},
    "show": {"words"},
    "demo": {
        "api_keys",
        "app",
        "db",
        "errors",
        "invoices",
        "log",
        "passwords",
        "paths",
        "settings",
        "show",
        "whatif",
        "words",
        "worker",
    },
    "whatif": {"errors", "words"},
    "docs": {"app", "db", "settings"},
    "imports": {"db", "errors", "escapes", "mail_domains", "sealing"},
    "cli": {
        "api_keys",
        "app",
        "db",
        "docs",
        "errors",
        "imports",
        "invoices",
        "log",
        "mail_domains",
        "passwords",
        "paths",
        "payments",
        "reports",
        "sealing",
        "settings",
        "show",
        "whatif",
        "words",
        "worker",
    },
}
# The commands that are about the demo.
ABOUT_THE_DEMO = {"cli/demo.py", "cli/schema.py"}


def imported(source: str) -> Iterator[str]:
    """The modules of ours that a source text imports, without `leadgen.`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("leadgen.") for name in names if name.startswith("leadgen."))


def trespasses(room: str, source: str, *, knows_demo: bool = False) -> list[str]:
    """The imports that `room` may not make."""
    allowed = ALLOWED[room] | {room} | ({"demo"} if knows_demo else set())
    return [name for name in imported(source) if not any(f"{name}.".startswith(f"{one}.") for one in allowed)]


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_stays_in_its_room(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    room = place.parts[0].removesuffix(".py")
    assert trespasses(room, path.read_text(), knows_demo=str(place) in ABOUT_THE_DEMO) == []


def test_a_trespass_is_seen() -> None:
    assert trespasses("app", "from leadgen.worker.process import run") == ["worker.process.run"]
    assert trespasses("worker", "def f():\n    import leadgen.app.main") == ["app.main"]
    assert trespasses("db", "from leadgen import cli") == ["cli"]
    assert trespasses("cli", "from leadgen.demo.run import run_demo") == ["demo.run.run_demo"]
    assert trespasses("settings", "from leadgen.db.migrate import migrate") == ["db.migrate.migrate"]
    assert trespasses("app", "from leadgen.app.main import x\nfrom leadgen.db.pool import y\nimport os") == []
