"""`leadgen check`: what is configured and cannot work, and what fails now."""

import typer

from leadgen.cli.console import err, out
from leadgen.cli.rows import AsJson, print_json, read_rows

FAULTS = """
select subject, fault, remedy from leadgen.list_configuration_faults()
"""
FAILING = """
select format('endpoint %s, %s by %s', e.endpoint_id, e.buyer, e.channel) as subject,
  format('it fails: %s in a row since %s UTC, deliveries that wait: %s', e.failures_in_a_row,
    to_char(e.failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), e.waiting) as fault,
  'leadgen endpoints list --failing shows the last error' as remedy
from report.endpoints e
where e.is_current and e.state in ('failing', 'resting')
"""


def check(as_json: AsJson = False) -> None:
    """List what is configured and cannot work, and what fails now, with how to mend it.

    It finds active offers without a source, a buyer or a policy in force, enrollments without area or channel,
    caps of 0, balances below their minimum, exclusivities of inactive buyers: exit status 1 if there is any. It also
    lists endpoints that fail now, which do not change the exit status. It changes nothing.

    Example: leadgen check
    """
    faults = read_rows(FAULTS)
    failing = read_rows(FAILING)
    if as_json:
        print_json(faults + failing)
    else:
        for row in faults + failing:
            out.print(
                f"{row['subject']}: {row['fault']}. Mend it: {row['remedy']}", markup=False, soft_wrap=True
            )
    if faults:
        raise typer.Exit(1)
    if failing:
        err.print(f"the configuration has no fault; endpoints that fail: {len(failing)}")
    else:
        err.print("everything that is active can work")
