"""docs/commands.md: every command with its arguments, options and an example, from the commands themselves."""

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from leadgen.docs.markdown import page, table

NAME = "leadgen"
EXAMPLE = "Example: "
HIDDEN = ("help", "version")


def make_commands(app: typer.Typer) -> str:
    """The page."""
    sections = [
        describe_command(path, command) for path, command in list_commands(typer.main.get_command(app))
    ]
    return page("Commands", f"What `{NAME} COMMAND --help` says.", *sections)


def list_commands(command: Any, path: str = NAME) -> Iterator[tuple[str, Any]]:
    """Every command below this one, as it is typed."""
    for name, one in command.commands.items():
        if hasattr(one, "commands"):
            if one.invoke_without_command:
                yield f"{path} {name}", one
            yield from list_commands(one, f"{path} {name}")
        else:
            yield f"{path} {name}", one


def describe_command(path: str, command: Any) -> str:
    """The section of one command."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    words = [" ".join(part.split()) for part in paragraphs]
    examples = [part.removeprefix(EXAMPLE) for part in words if part.startswith(EXAMPLE)]
    rows = [describe_parameter(one) for one in command.params if one.name not in HIDDEN]
    return "\n\n".join(
        filter(
            None,
            (
                f"## {path}",
                *(part for part in words if not part.startswith(EXAMPLE)),
                "\n".join(["```", *examples, "```"]) if examples else "",
                table(["argument or option", "what it is", "default"], rows),
            ),
        )
    )


def describe_parameter(parameter: Any) -> list[str]:
    """Name, help and default of an argument or an option."""
    is_option = parameter.param_type_name == "option"
    name = parameter.opts[0] if is_option else parameter.metavar or parameter.name.upper()
    kind = parameter.type_descriptor.annotation
    choices = list(kind) if isinstance(kind, type) and issubclass(kind, Enum) else []
    words = [parameter.help or "", f"One of {', '.join(map(show_choice, choices))}." if choices else ""]
    if is_option and parameter.required:
        words.append("Required.")
    default = parameter.default
    is_shown = default is not None and default is not False and not callable(default) and default != ()
    return [
        f"`{name}`",
        " ".join(filter(None, words)),
        show_choice(default) if is_shown and is_option else "",
    ]


def show_choice(choice: Any) -> str:
    """A choice as it is typed."""
    return str(getattr(choice, "value", choice))
