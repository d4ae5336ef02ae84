"""What this checkout can do: intake and where its time goes, deliveries, wake-up, rehearsal."""

from . import tables
from .catalogue import create_catalogue, create_light_catalogue
from .deliveries import measure_deliveries
from .floor import create_floor, floor_subject
from .http import BATCH, batch_subject, http_subject, running_api
from .intake import Results, check_sold, compare, measure_in_turns, submit_subject
from .lead import MENDED
from .plan import CLIENTS, MOST, Plan, Say
from .profile import profile_functions, profile_statements
from .rehearsal import measure_rehearsals
from .revision import working_tree
from .server import Bench
from .stored import store_leads
from .wakeup import measure_wakeup

FLOOR, SUBMIT, HTTP = "write floor", "submit_lead", "HTTP, 2 workers"
SINGLE, BATCHED = "single posts", f"batches of {BATCH}"
MEND = "submit_lead, six odd fields"


def measure_everything(bench: Bench, plan: Plan, say: Say) -> None:
    """Measure and print."""
    create_catalogue(bench, "intake", working_tree())
    create_light_catalogue(bench, "light", "intake")
    store_leads(bench, "intake", plan.stored)
    create_floor(bench, "floor", plan.stored)
    results, batched = measure_intake(bench, plan)
    check_sold(bench, "intake")
    say(tables.intake_table(results))
    say(tables.intake_table(batched))
    say(tables.function_table(*profile_functions(bench, "intake", plan.profiled)))
    say(tables.statement_table(profile_statements(bench, "intake", plan.profiled)))
    drained, memory = measure_deliveries(bench, "light", plan.queued, plan.rounds)
    say(tables.delivery_table(drained, memory))
    wakeup = measure_wakeup(bench, "light", plan.seconds, plan.rounds, plan.singles)
    (rehearsal,) = measure_rehearsals(bench, ["light"], plan.rehearsed, plan.rounds)
    say(tables.rehearsal_table(rehearsal))
    for clients in CLIENTS:
        ratio = compare(results, (SUBMIT, clients), (FLOOR, clients), lambda one: one.cpu)
        say(f"CPU of {SUBMIT} / {FLOOR}, {clients} client{'s' * (clients > 1)}: {ratio}")
        ratio = compare(results, (MEND, clients), (SUBMIT, clients), lambda one: one.cpu)
        say(f"CPU of {MEND} / {SUBMIT}, {clients} client{'s' * (clients > 1)}: {ratio}")
    say(tables.http_line(compare(results, (HTTP, MOST), (SUBMIT, MOST), lambda one: one.rate)))
    say(tables.batch_line(BATCH, compare(batched, (BATCHED, 1), (SINGLE, 1), lambda one: one.cpu + one.api)))
    for line in (*tables.delivery_lines(drained, memory), *tables.wakeup_lines(wakeup)):
        say(line)
    say(tables.what_if_line(rehearsal))


def measure_intake(bench: Bench, plan: Plan) -> tuple[Results, Results]:
    """Floor, direct calls and HTTP; and one sender who posts leads by themselves or in batches."""
    with running_api(bench.url("intake"), 2, working_tree()) as api:
        subjects = {
            FLOOR: floor_subject(bench, "floor", plan.seconds),
            SUBMIT: submit_subject(bench, "intake", plan.seconds),
            MEND: submit_subject(bench, "intake", plan.seconds, MENDED),
            HTTP: http_subject(bench, api, plan.seconds),
        }
        sender = {
            SINGLE: http_subject(bench, api, plan.seconds),
            BATCHED: batch_subject(bench, api, plan.seconds),
        }
        return (
            measure_in_turns(subjects, CLIENTS, plan.rounds),
            measure_in_turns(sender, (1,), plan.rounds),
        )
