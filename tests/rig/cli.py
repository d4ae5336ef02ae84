"""The `leadgen` command, run as its users run it."""

import os
import subprocess
import sys

LEADGEN = [sys.executable, "-c", "from leadgen.cli import main; main()"]


def leadgen(
    *arguments: str, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with further environment variables."""
    settings = {**os.environ, **environment}
    command = [*LEADGEN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=settings, input=stdin)
