"""docs/commands.md: every command with its arguments, options and an example, from the commands themselves."""

import textwrap
from collections.abc import Iterator
from typing import Any

import typer

from leadgen.cli.help import read_help, show_default, show_name, show_words
from leadgen.docs.markdown import page, table

NAME = "leadgen"
HIDDEN = ("help", "version")


def make_commands(app: typer.Typer) -> str:
    """The page."""
    sections = [
        describe_command(path, command) for path, command in list_commands(typer.main.get_command(app))
    ]
    return page("Commands", f"What `{NAME} COMMAND --help` says.", *sections)


def list_commands(command: Any, path: str = NAME) -> Iterator[tuple[str, Any]]:
    """Every command below this one, as it is typed; not the older names of some."""
    for name, one in command.commands.items():
        if one.hidden:
            continue
        if hasattr(one, "commands"):
            if one.invoke_without_command:
                yield f"{path} {name}", one
            yield from list_commands(one, f"{path} {name}")
        else:
            yield f"{path} {name}", one


def describe_command(path: str, command: Any) -> str:
    """The section of one command."""
    words, example = read_help(command)
    rows = [
        [f"`{show_name(one)}`", show_words(one), show_default(one)]
        for one in command.params
        if one.name not in HIDDEN
    ]
    return "\n\n".join(
        filter(
            None,
            (
                f"## {path}",
                *(
                    f"```text\n{textwrap.dedent(part)}\n```" if part.startswith(" ") else part
                    for part in words
                ),
                f"```\n{example}\n```" if example else "",
                table(["argument or option", "what it is", "default"], rows),
            ),
        )
    )
