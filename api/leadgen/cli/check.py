"""`leadgen check`: what is configured and cannot work."""

import typer

from leadgen.cli.console import err, out
from leadgen.cli.rows import AsJson, print_json, read_rows

FAULTS = "select subject, fault, remedy from leadgen.list_configuration_faults()"


def check(as_json: AsJson = False) -> None:
    """List what is configured and cannot work, and how to mend it. Exit status 1 if there is anything.

    It finds active offers without a source, a buyer or a policy in force, enrollments without area or channel,
    caps of 0, balances below their minimum, and exclusivities of inactive buyers. It changes nothing.

    Example: leadgen check
    """
    faults = read_rows(FAULTS)
    if as_json:
        print_json(faults)
    else:
        for row in faults:
            out.print(
                f"{row['subject']}: {row['fault']}. Mend it: {row['remedy']}", markup=False, soft_wrap=True
            )
    if faults:
        raise typer.Exit(1)
    err.print("everything that is active can work")
