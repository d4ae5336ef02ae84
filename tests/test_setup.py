"""`make setup` as root never touches a PostgreSQL that is there: the scripts, on a machine that is made up.

Its apt resolves versions and dependencies like the real one; every program that could touch a service is recorded.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from leadgen.paths import checkout

ROOT = checkout() or Path()

# A Debian in small: {"installed": {package: version}, "archive": {package: {version: {depends on: version}}}}.
APT = r"""#!PYTHON
import json, os, pathlib, sys
world_file = pathlib.Path(os.environ["WORLD"])
world = json.loads(world_file.read_text())
installed, archive = world["installed"], world["archive"]
words = sys.argv[1:]
program = pathlib.Path(sys.argv[0]).name
with open(os.environ["CALLS"], "a") as calls:
    print(program, *words, file=calls)

def plan(name, version, found):
    if version is None:
        version = max(archive.get(name, {}), default=None)
    if version not in archive.get(name, {}):
        sys.exit(100)
    if installed.get(name) != version:
        found[name] = version
    for needed, exactly in archive[name][version].items():
        if needed not in found and not (needed in installed and exactly in (None, installed[needed])):
            plan(needed, exactly, found)
    return found

if program == "dpkg-query":
    if words[0] in ("-S", "--search"):
        owner = world["owner"].get(words[1])
        print(f"{owner}: {words[1]}") if owner else sys.exit(1)
    else:
        pattern = words[-1]
        format = next(word for word in words if "$" in word)
        import fnmatch
        shown = [name for name in installed if fnmatch.fnmatch(name, pattern)]
        for name in shown:
            line = format.replace("${Package}", name).replace("${Version}", installed[name])
            print(line.replace("${db:Status-Status}", "installed").replace("\\n", "\n"), end="")
        sys.exit(not shown)
elif program == "apt-cache" and "pkgnames" in words:
    print(*archive, sep="\n")
elif program == "apt-get" and "install" in words:
    found = {}
    for word in words[words.index("install") + 1 :]:
        if not word.startswith("-"):
            name, _, version = word.partition("=")
            plan(name, version or None, found)
    for name, version in found.items():
        old = f" [{installed[name]}]" if name in installed else ""
        if {"-s", "--simulate"} & set(words):
            print(f"Inst {name}{old} ({version} Debian [amd64])")
        else:
            installed[name] = version
            for path in world["files"].get(name, []):
                pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
                pathlib.Path(path).write_text("")
    world_file.write_text(json.dumps(world))
"""

RECORDED = """#!/bin/bash
echo "$(basename "$0") $*" >>"$CALLS"
"""

# The project's Python: where it finds PostgreSQL, what pip gets, and no extension anywhere.
PYTHON = """#!/bin/bash
case "$*" in
  *"pip install"*) echo "python $*" >>"$CALLS"; mkdir -p "$PYPI"; touch "$PYPI/postgres" ;;
  *find_extension*) exit 1 ;;
  *"print(f().major)"*) echo 15 ;;
  *find_binaries*)
    for place in "$SERVER" "$PYPI"; do [ -e "$place/postgres" ] && echo "15 $place" && exit 0; done
    exit 1
    ;;
esac
"""

OLD, NEW = "15.18-0+deb12u1", "15.20-0+deb12u1"


@dataclass
class Machine:
    """A made-up machine and the scripts on it."""

    place: Path
    is_root: bool = True

    def run(self, script: str) -> str:
        """Run a script of the project; all that it says."""
        environment = {
            "PATH": f"{self.place}/bin:{os.environ['PATH']}",
            "LEADGEN_SETUP_ETC": str(self.place / "etc"),
            "WORLD": str(self.place / "world.json"),
            "CALLS": str(self.place / "calls"),
            "SERVER": str(self.server),
            "PYPI": str(self.place / "pypi"),
        }
        (self.place / "bin/id").write_text(f"#!/bin/bash\necho {0 if self.is_root else 1000}\n")
        (self.place / "bin/id").chmod(0o755)
        done = subprocess.run(
            [self.place / "scripts" / script], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    @property
    def server(self) -> Path:
        return self.place / "usr/lib/postgresql/15/bin"

    @property
    def installed(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.place / "world.json").read_text())["installed"]
        return found

    @property
    def calls(self) -> list[str]:
        """What was called, updates and look-ups of apt apart."""
        file = self.place / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        return [line for line in lines if not line.startswith(("apt-cache", "dpkg-query"))]

    @property
    def installs(self) -> list[str]:
        return [line for line in self.calls if " install " in line and "--simulate" not in line]


MakeMachine = Callable[..., Machine]


@pytest.fixture
def make_machine(tmp_path: Path) -> MakeMachine:
    def make(
        installed: dict[str, str],
        archive: dict[str, dict[str, dict[str, str | None]]],
        *,
        is_root: bool = True,
    ) -> Machine:
        machine = Machine(tmp_path, is_root)
        for name in ("scripts", "bin", ".venv/bin"):
            (tmp_path / name).mkdir(parents=True)
        for script in (ROOT / "scripts").iterdir():
            copy = tmp_path / "scripts" / script.name
            copy.write_bytes(script.read_bytes())
            copy.chmod(0o755)
        stubs = {
            **dict.fromkeys(
                ("bin/apt-get", "bin/apt-cache", "bin/dpkg-query"), APT.replace("PYTHON", sys.executable)
            ),
            **dict.fromkeys(
                ("bin/systemctl", "bin/service", "bin/invoke-rc.d", "bin/pg_ctlcluster", "bin/dpkg"), RECORDED
            ),
            ".venv/bin/python": PYTHON,
        }
        share = tmp_path / "share"
        if "postgresql-15" in installed:
            machine.server.mkdir(parents=True)
            stubs |= {
                "usr/lib/postgresql/15/bin/postgres": RECORDED,
                "usr/lib/postgresql/15/bin/pg_config": f"#!/bin/bash\necho {share}\n",
            }
        for name, text in stubs.items():
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o755)
        world = {
            "installed": installed,
            "archive": {"python3-phonenumbers": {"8": {}}, **archive},
            "owner": {str(machine.server / "postgres"): "postgresql-15"},
            "files": {
                "postgresql-15": [str(machine.server / "postgres")],
                "postgresql-plpython3-15": [str(share / "extension/plpython3u.control")],
            },
        }
        (tmp_path / "world.json").write_text(json.dumps(world))
        return machine

    return make


def plpython(*versions: str) -> dict[str, dict[str, dict[str, str | None]]]:
    """An archive with server and PL/Python in these versions."""
    return {
        "postgresql-15": {version: {} for version in versions},
        "postgresql-plpython3-15": {version: {"postgresql-15": version} for version in versions},
    }


@pytest.mark.parametrize("offered", [(OLD,), (OLD, NEW)])
def test_pl_python_of_the_servers_version_is_installed(
    offered: tuple[str, ...], make_machine: MakeMachine
) -> None:
    machine = make_machine({"postgresql-15": OLD}, plpython(*offered))
    assert machine.run("get-plpython") == ""
    assert machine.installed["postgresql-plpython3-15"] == OLD
    assert machine.installed["postgresql-15"] == OLD
    assert services(machine) == []


def test_pl_python_of_a_newer_version_is_not(make_machine: MakeMachine) -> None:
    machine = make_machine({"postgresql-15": OLD}, plpython(NEW))
    said = machine.run("get-plpython")
    assert said.startswith("PL/Python skipped, and with it the rule phone_strict: apt has no way to install ")
    assert f"beside a server of {OLD}, which stays as it is" in said
    assert said.count("\n") == 1
    assert machine.installed == {"postgresql-15": OLD}
    assert machine.installs == []


def test_pl_python_that_changes_a_library_is_not(make_machine: MakeMachine) -> None:
    archive = plpython(OLD)
    archive["postgresql-plpython3-15"][OLD]["libpython3.11"] = "3.11.9"
    archive["libpython3.11"] = {"3.11.9": {}}
    machine = make_machine({"postgresql-15": OLD, "libpython3.11": "3.11.2"}, archive)
    assert "apt would upgrade or remove libpython3.11" in machine.run("get-plpython")
    assert machine.installs == []


def test_pl_python_that_brings_another_server_is_not(make_machine: MakeMachine) -> None:
    archive = plpython(OLD)
    archive["postgresql-plpython3-15"][OLD]["postgresql-17"] = None
    archive["postgresql-17"] = {"17.1": {}}
    machine = make_machine({"postgresql-15": OLD}, archive)
    assert "apt would install postgresql-17 along with it" in machine.run("get-plpython")
    assert machine.installs == []


def test_pl_python_comes_with_new_libraries(make_machine: MakeMachine) -> None:
    archive = plpython(OLD)
    archive["postgresql-plpython3-15"][OLD]["libpython3.11"] = None
    archive["libpython3.11"] = {"3.11.9": {}}
    machine = make_machine({"postgresql-15": OLD}, archive)
    assert machine.run("get-plpython") == ""
    assert machine.installed["libpython3.11"] == "3.11.9"


def test_pl_python_needs_root(make_machine: MakeMachine) -> None:
    machine = make_machine({"postgresql-15": OLD}, plpython(OLD), is_root=False)
    assert "that needs root and apt" in machine.run("get-plpython")
    assert machine.calls == []


def test_pl_python_for_a_server_that_is_no_package_is_not(make_machine: MakeMachine) -> None:
    machine = make_machine({"postgresql-15": OLD}, plpython(OLD))
    world = json.loads((machine.place / "world.json").read_text())
    (machine.place / "world.json").write_text(json.dumps({**world, "owner": {}}))
    assert "is no package of this system" in machine.run("get-plpython")
    assert machine.calls == []


def test_the_machines_own_server_is_taken(make_machine: MakeMachine) -> None:
    machine = make_machine(
        {"postgresql-15": OLD}, {**plpython(NEW), "postgresql": {"15": {"postgresql-15": NEW}}}
    )
    assert machine.run("get-postgres") == f"PostgreSQL 15 {machine.server}\n"
    assert machine.calls == []


NONE_THERE = {
    "postgresql": {"15": {"postgresql-15": NEW, "libpq5": NEW}},
    "postgresql-15": {NEW: {}},
    "libpq5": {NEW: {}},
}


def test_where_there_is_none_the_systems_is_installed(make_machine: MakeMachine) -> None:
    machine = make_machine({}, NONE_THERE)
    assert machine.run("get-postgres").splitlines()[-1] == f"PostgreSQL 15 {machine.server}"
    assert machine.installed["postgresql-15"] == NEW
    assert services(machine) == []
    assert not (machine.place / "etc/postgresql-common/createcluster.conf").exists(), (
        "the next package makes its cluster"
    )


@pytest.mark.parametrize(
    ("installed", "reason"),
    [
        ({"postgresql-13": "13.1"}, "left as it is: postgresql-13"),
        ({"libpq5": OLD}, "not installed: apt would upgrade or remove libpq5"),
    ],
)
def test_else_pypi_has_one(installed: dict[str, str], reason: str, make_machine: MakeMachine) -> None:
    machine = make_machine(installed, NONE_THERE)
    said = machine.run("get-postgres")
    assert reason in said
    assert said.splitlines()[-1] == f"PostgreSQL 15 {machine.place}/pypi"
    assert [line for line in machine.installs if line.startswith("apt")] == []
    assert machine.installed == installed


def test_extensions_are_unpacked_below_the_project(make_machine: MakeMachine) -> None:
    machine = make_machine({"postgresql-15": OLD}, {"postgresql-15-pgtap": {"1": {}}, **plpython(NEW)})
    machine.run("get-extensions")
    assert machine.installs == []
    asked = [line for line in machine.calls if line.startswith("apt-get")]
    assert [line for line in asked if "download postgresql-15-pgtap" in line]
    assert all(f"Dir::State={machine.place}/.leadgen/" in line for line in asked)
    assert machine.installed == {"postgresql-15": OLD}
    assert services(machine) == []


def services(machine: Machine) -> list[str]:
    """Calls of programs that start or restart something."""
    return [line for line in machine.calls if not line.startswith(("apt-get", "python"))]
