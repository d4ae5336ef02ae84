"""`leadgen check`: what is configured and cannot work, and what fails now."""

import typer

from leadgen.cli.console import err, out
from leadgen.cli.rows import AsJson, print_json, read_rows

FAULTS = """
select subject, fault, remedy from leadgen.list_configuration_faults()
union all
select format('endpoint %s, %s by %s', e.endpoint_id, e.buyer, e.channel),
  format('it fails: %s in a row since %s UTC, deliveries that wait: %s', e.failures_in_a_row,
    to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), e.waiting),
  'leadgen endpoints list --failing shows the last error'
from report.endpoints e
where e.is_current and e.state in ('failing', 'resting')
"""


def check(as_json: AsJson = False) -> None:
    """List what is configured and cannot work, and how to mend it. Exit status 1 if there is anything.

    It finds active offers without a source, a buyer or a policy in force, enrollments without area or channel,
    caps of 0, balances below their minimum, exclusivities of inactive buyers, and endpoints that fail now. It changes
    nothing.

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
