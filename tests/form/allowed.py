"""tests/form/not_yet: the faults that are known and not yet mended, one a line: `rule subject  # reason`."""

from pathlib import Path

from leadgen.db.pgtap import pgtap_dir
from leadgen.paths import sql_dir

from .pgtap import find_pgtap_faults
from .rules import Fault, File, find_faults

NOT_YET = Path(__file__).with_name("not_yet")


def read_files() -> list[File]:
    """The files of sql/functions by their names below it, and those of pgtap/, which begin with pgtap/."""
    functions, tests = sql_dir() / "functions", pgtap_dir()
    return [
        File(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
        for root, above in ((functions, functions), (tests.parent, tests))
        for path in sorted(above.rglob("*.sql"))
    ]


def list_faults(file: File) -> list[Fault]:
    """The faults of a file, by the rules of its tree."""
    return find_pgtap_faults(file) if file.name.startswith("pgtap/") else find_faults(file)


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
    faults = [fault for file in files for fault in list_faults(file)]
    mended = sorted(allowed.keys() - {key(fault) for fault in faults})
    return [
        *(str(fault) for fault in faults if key(fault) not in allowed),
        *(f"{one}: mended, so take it out of tests/form/not_yet" for one in mended),
    ]


def key(fault: Fault) -> str:
    """How the list names a fault."""
    return f"{fault.rule} {fault.subject}"
