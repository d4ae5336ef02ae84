"""How every command speaks: results on standard output, everything else on standard error."""

from rich.console import Console

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
