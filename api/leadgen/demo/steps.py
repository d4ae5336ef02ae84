"""Progress: on a terminal a moving line while a step runs, and everywhere one line when it is done."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

Advance = Callable[[int, int], None]  # done, of how many


@contextmanager
def step(console: Console, title: str) -> Iterator[Advance]:
    """One step; call what it yields to move its bar."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    started = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)

        def advance(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        yield advance
    console.print(f"{title:<82} {time.monotonic() - started:5.1f} s", style="dim", markup=False)
