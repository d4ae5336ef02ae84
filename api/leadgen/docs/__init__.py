"""The reference pages, docs/reference: written from the database, sql/ and the package, never by hand."""

from collections.abc import Callable
from pathlib import Path

import psycopg

from leadgen.docs.catalogue import Catalogue, read_catalogue
from leadgen.docs.erd import make_erd
from leadgen.docs.errors import make_errors
from leadgen.docs.events import make_events
from leadgen.docs.functions import make_functions
from leadgen.docs.markdown import bullets, page
from leadgen.docs.measures import make_measures
from leadgen.docs.modules import make_modules
from leadgen.docs.rights import make_rights
from leadgen.docs.settings import make_settings
from leadgen.docs.source import Source, read_source
from leadgen.docs.states import make_states
from leadgen.docs.tables import make_tables
from leadgen.docs.triggers import make_triggers

Make = Callable[[Catalogue, Source], str]
PAGES: dict[str, tuple[Make, str]] = {
    "modules.md": (make_modules, "modules and roads: who calls whom, who touches which table"),
    "functions.md": (make_functions, "the façade, then every function, by module and file"),
    "tables.md": (make_tables, "tables with their columns, and the views"),
    "erd.md": (make_erd, "which table refers to which, drawn"),
    "state-machines.md": (make_states, "the moves of leads, sales, deliveries and invoices, drawn"),
    "measures.md": (make_measures, "what the numbers of reports mean"),
    "triggers.md": (make_triggers, "what a write to a table sets off"),
    "rights.md": (make_rights, "what each role may do to which object, and which rows it sees"),
    "errors.md": (make_errors, "SQLSTATEs, their HTTP status, who raises them"),
    "events.md": (make_events, "what operators and buyers are told of"),
    "settings.md": (make_settings, "environment variables and settings of a session"),
}
INDEX = "README.md"


def make_pages(url: str, sql: Path) -> dict[str, str]:
    """Each page by its name, from the database at `url` in the state that the files in `sql` declare."""
    with psycopg.connect(url) as session:
        catalogue = read_catalogue(session)
    source = read_source(sql)
    pages = {name: make(catalogue, source) for name, (make, _) in PAGES.items()}
    links = bullets(f"[{name.removesuffix('.md')}]({name}): {what}" for name, (_, what) in PAGES.items())
    return {INDEX: page("Reference", "The maps of the house.", links)} | pages
