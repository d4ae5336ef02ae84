"""tests/form/not_yet: the faults that are known and not yet mended, one a line: `rule subject  # reason`."""

from pathlib import Path

from leadgen.paths import sql_dir

from .rules import Fault, File, find_faults

NOT_YET = Path(__file__).with_name("not_yet")


def read_files() -> list[File]:
    """The files of sql/functions."""
    root = sql_dir() / "functions"
    return [File(str(path.relative_to(root)), path.read_text()) for path in sorted(root.rglob("*.sql"))]


def read_allowed(text: str) -> dict[str, str]:
    """`rule subject` and its reason. Raises ValueError for a line without one."""
    allowed = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, mark, reason = line.partition("#")
            if not mark or not reason.strip():
                raise ValueError(f"{line}: say why, after a #")
            allowed[" ".join(key.split())] = reason.strip()
    return allowed


def judge(files: list[File], allowed: dict[str, str]) -> list[str]:
    """The faults that are not allowed, and what is allowed and no fault any more."""
    faults = [fault for file in files for fault in find_faults(file)]
    mended = sorted(allowed.keys() - {key(fault) for fault in faults})
    return [
        *(str(fault) for fault in faults if key(fault) not in allowed),
        *(f"{one}: mended, so take it out of tests/form/not_yet" for one in mended),
    ]


def key(fault: Fault) -> str:
    """How the list names a fault."""
    return f"{fault.rule} {fault.subject}"
