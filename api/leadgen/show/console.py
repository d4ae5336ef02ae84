"""The console that commands print on."""

import re
from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

# What a terminal obeys (escape sequences), and marks that turn the direction of writing. Tab and line feed stay.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class SafeConsole(Console):
    """Prints texts of strangers (names, messages, what receivers said) as text: a terminal obeys none of it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of something, each obeyed character as U+FFFD; what Rich itself sends stays."""
        for segment in super().render(renderable, options):
            if segment.control or not OBEYED.search(segment.text):
                yield segment
            else:
                yield Segment(OBEYED.sub("\N{REPLACEMENT CHARACTER}", segment.text), segment.style)


def make_console() -> Console:
    """At most 100 columns on a terminal, and just that many, without colours, elsewhere."""
    console = SafeConsole(highlight=False)
    console.width = min(console.width, 100) if console.is_terminal else 100
    return console


def escape_json(text: str) -> str:
    """JSON as it is, but for what a terminal obeys, which is written as \\u....: it can stand in strings only."""
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
