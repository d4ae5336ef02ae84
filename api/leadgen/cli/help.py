"""How commands describe themselves and refuse arguments: `--help`, usage errors, and docs/commands.md say the same."""

import inspect
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer
from typer.core import TyperCommand, TyperGroup

from leadgen.cli.target import MAX_ID
from leadgen.db.session import PROGRAM

EXAMPLE = "Example: "
WIDTH = 100  # columns at most
GAP = "  "
NEW_LINE = "\n"
KINDS = ((bool, ""), (int, "NUMBER"), (float, "NUMBER"), (Path, "FILE"))  # what is written without a metavar


class Command(TyperCommand):
    """A command with plain help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, words, arguments, options, example."""
        formatter.write(f"{describe_usage(ctx.command_path, self)}\n\n")
        words, example = read_help(self)
        for part in words:
            formatter.write(f"{fill(part)}\n\n")
        arguments = [one for one in self.params if one.param_type_name == "argument"]
        options = [one for one in self.params if one.param_type_name == "option"]
        for title, params in (("Arguments", arguments), ("Options", options)):
            formatter.write(show_rows(title, [(show_name(one), show_help(one)) for one in params]))
        formatter.write(f"{EXAMPLE}{example}\n" if example else "")

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The arguments and options of the usage line."""
        return list_usage(self)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; the sessions that it opens bear its name."""
        token = PROGRAM.set(name_command(ctx))
        try:
            return super().invoke(ctx)
        finally:
            PROGRAM.reset(token)

    def parse_args(self, ctx: Any, args: Any) -> Any:
        """As typer does; a value that is refused is told as found and allowed."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            if error.param is not None and (said := describe_refused(error)):
                error.message = said
            raise


class Group(TyperGroup):
    """A group of commands with plain help."""

    def parse_args(self, ctx: Any, args: Any) -> Any:
        """As typer does; without a command the help is shown."""
        if not args and self.no_args_is_help:
            typer.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What follows the name of the group on the usage line."""
        return ["COMMAND"]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, words, the commands with their first sentence."""
        formatter.write(f"Usage: {ctx.command_path} COMMAND\n\n{fill(self.help or '')}\n\n")
        rows = [(name, first_sentence(one.help or "")) for name, one in self.commands.items()]
        formatter.write(show_rows("Commands", rows))
        formatter.write(show_rows("Options", [(show_name(one), show_help(one)) for one in self.params]))
        formatter.write(f"`{ctx.command_path} COMMAND --help` describes a command.\n")


def name_command(ctx: Any) -> str:
    """`leadgen buyers pause`, however the program was started."""
    names = []
    while ctx.parent is not None:
        names.append(ctx.info_name)
        ctx = ctx.parent
    return " ".join(["leadgen", *reversed(names)])


def use_plain_help(app: typer.Typer) -> None:
    """Make every command and group of an app describe itself by this module."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance:
            use_plain_help(group.typer_instance)


def read_help(command: Any) -> tuple[list[str], str]:
    """The paragraphs of a docstring, and its example. An indented paragraph keeps its lines; any other is one line."""
    words, example = [], ""
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        line = " ".join(part.split())
        if line.startswith(EXAMPLE):
            example = line.removeprefix(EXAMPLE)
        else:
            words.append(part if part.startswith(" ") else line)
    return words, example


def describe_usage(path: str, command: Any) -> str:
    """`Usage: leadgen find TEXT [OPTIONS]`."""
    return " ".join(("Usage:", path, *list_usage(command)))


def list_usage(command: Any) -> list[str]:
    """Arguments as they are typed; options that must be given; [OPTIONS] for the others."""
    pieces = []
    for one in command.params:
        if one.param_type_name == "argument":
            name = show_name(one)
            pieces.append(name if one.required or name.startswith("[") else f"[{name}]")
        elif one.required:
            pieces.append(show_name(one))
    if any(one.param_type_name == "option" and not one.required for one in command.params):
        pieces.append("[OPTIONS]")
    return [*pieces, "[ARGUMENT]..."] if command.context_settings.get("allow_extra_args") else pieces


def show_name(parameter: Any) -> str:
    """`TEXT`, `--limit NUMBER`, `--json`: a parameter as it is typed."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return f"{', '.join((parameter.opts[0], *parameter.secondary_opts))} {show_kind(parameter)}".strip()


def show_kind(parameter: Any) -> str:
    """What an option takes: `NUMBER`; nothing for a flag."""
    if parameter.metavar:
        return str(parameter.metavar)
    if getattr(parameter, "is_flag", False) or parameter.name == "help":
        return ""
    kind = find_kind(parameter)
    return next((word for one, word in KINDS if kind is one), parameter.name.upper().rstrip("_"))


def find_kind(parameter: Any) -> Any:
    """The type of a value; of each value, where there may be several."""
    kind = parameter.type_descriptor.annotation
    arguments = [one for one in get_args(kind) if one is not type(None)]
    return arguments[0] if arguments else kind


def list_choices(parameter: Any) -> list[str]:
    """The words that a parameter takes; none where it takes others."""
    kind = find_kind(parameter)
    return [str(one.value) for one in kind] if isinstance(kind, type) and issubclass(kind, Enum) else []


def show_range(parameter: Any) -> str:
    """`1 to 10,000`, `at least 1`; nothing where there are no bounds, or those of an id."""
    least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if least is None or most == MAX_ID:
        return ""
    return f"at least {least:,}" if most is None else f"{least:,} to {most:,}"


def show_words(parameter: Any) -> str:
    """What a parameter is, its choices or its range, and whether it must be given."""
    choices, bounds = list_choices(parameter), show_range(parameter)
    return " ".join(
        filter(
            None,
            (
                "Show this and exit." if parameter.name == "help" else parameter.help,
                f"One of {', '.join(choices)}." if choices else "",
                f"{bounds[0].upper()}{bounds[1:]}." if bounds else "",
                "Required." if parameter.required and parameter.param_type_name == "option" else "",
            ),
        )
    )


def show_help(parameter: Any) -> str:
    """The words of a parameter, and its default."""
    default = show_default(parameter)
    return f"{show_words(parameter)}{f' [default: {default}]' if default else ''}"


def show_default(parameter: Any) -> str:
    """The value of a parameter that is not given; nothing where that is none or no."""
    default = parameter.default
    if default is None or default is False or default == () or callable(default):
        return ""
    return str(getattr(default, "value", default))


def describe_refused(error: Any) -> str:
    """`found 0, allowed a whole number, 1 to 10,000`, or nothing where the value is not known."""
    found = find_input(error)
    if found is None:
        return ""
    kind, bounds = find_kind(error.param), show_range(error.param)
    if choices := list_choices(error.param):
        return f"found {found}, allowed one of {', '.join(choices)}"
    if kind not in (int, float):
        return ""
    number = "a whole number" if kind is int else "a number"
    if getattr(error.param, "max", None) == MAX_ID:
        bounds = "at least 1"
    joint = " of " if bounds.startswith("at") else " from "
    return f"found {found}, allowed {number}{joint if bounds else ''}{bounds}"


def find_input(error: BaseException) -> str | None:
    """The value that was refused, from whichever error says it."""
    cause: BaseException | None = error
    while cause is not None:
        if hasattr(cause, "errors") and (faults := cause.errors()):
            return str(faults[0]["input"])
        cause = cause.__cause__ or cause.__context__
    return None


def first_sentence(text: str) -> str:
    """The first sentence of a docstring."""
    line = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return line.split(". ")[0].rstrip(".")


def fill(part: str) -> str:
    """A paragraph as wide as the terminal; an indented one as it is."""
    if part.startswith(" "):
        return part
    return textwrap.fill(part, _width(), break_on_hyphens=False, break_long_words=False)


def show_rows(title: str, rows: Sequence[tuple[str, str]]) -> str:
    """Two columns under a title, names and their words; nothing without rows."""
    return f"{title}:\n{NEW_LINE.join(_list_rows(rows))}\n\n" if rows else ""


def _list_rows(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    left = max(len(name) for name, _ in rows) + 2 * len(GAP)
    for name, words in rows:
        yield textwrap.fill(
            words,
            _width(),
            initial_indent=f"{GAP}{name}".ljust(left),
            subsequent_indent=" " * left,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _width() -> int:
    return min(shutil.get_terminal_size().columns, WIDTH)
