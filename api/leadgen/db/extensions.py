"""pgTAP and plpgsql_check, for tests: from the server's own directory, or unpacked under .leadgen/extensions.

Unpacked ones are loaded by running their SQL file, so nothing has to be installed in the system.
"""

import re
import shutil
import subprocess
from pathlib import Path

import psycopg

from leadgen.db.binaries import find_binaries
from leadgen.paths import state_dir


def find_extension(name: str) -> Path | None:
    """The extension's newest installation script that this server can use, or None."""
    unpacked = state_dir() / "extensions/usr/share/postgresql"
    others = Path("/usr/share/postgresql")  # of further servers: what is plain SQL serves any of them
    own = _list_scripts(name, _server_directory("--sharedir") / "extension", *unpacked.glob("*/extension"))
    usable = [path for path in own if find_library(name) or _is_plain(path)]
    usable += [path for path in _list_scripts(name, *others.glob("*/extension")) if _is_plain(path)]
    return max(usable, key=lambda path: _version(path, name), default=None)


def _list_scripts(name: str, *places: Path) -> list[Path]:
    return [path for place in places for path in place.glob(f"{name}--*.sql") if _version(path, name)]


def _is_plain(script: Path) -> bool:
    return "MODULE_PATHNAME" not in script.read_text()


def find_library(name: str) -> Path | None:
    """The extension's compiled part, which must be of the server's own version, or None."""
    unpacked = state_dir() / f"extensions/usr/lib/postgresql/{find_binaries().major}/lib"
    places = (_server_directory("--pkglibdir"), unpacked)
    return next((place / f"{name}.so" for place in places if (place / f"{name}.so").is_file()), None)


def load_extension(connection: psycopg.Connection, name: str, shelf: Path) -> bool:
    """Load the extension's objects into the connection's database, as superuser; False when it cannot be had.

    `shelf` is a directory that the server can read: a compiled part is copied there.
    """
    script = find_extension(name)
    if script is None:
        return False
    text = re.sub(
        r"^\\.*$", "", script.read_text(), flags=re.MULTILINE
    )  # psql's guard against running it like this
    text = text.replace("@extschema@", "public")
    library = find_library(name)
    if library:
        copy = Path(shutil.copy(library, shelf))
        copy.chmod(0o755)
        text = text.replace("MODULE_PATHNAME", str(copy).replace("'", "''"))
    connection.execute(text.encode())
    return True


def _version(script: Path, name: str) -> list[int]:
    """[1, 2, 0] for pgtap--1.2.0.sql; empty for an upgrade script such as pgtap--1.1.0--1.2.0.sql."""
    match = re.fullmatch(rf"{name}--([\d.]+)\.sql", script.name)
    return [int(part) for part in match.group(1).split(".")] if match else []


def _server_directory(option: str) -> Path:
    asked = subprocess.run([find_binaries()["pg_config"], option], capture_output=True, text=True, check=True)
    return Path(asked.stdout.strip())
