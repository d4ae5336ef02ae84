"""The console as a site: its links, in the order of a day's work."""

from leadgen.pages.site import Link, Site

CONSOLE = Site(
    "Console",
    "/console",
    "leadgen.console",
    (
        Link("Today", "/console"),
        Link("Leads", "/console/leads"),
        Link("Held", "/console/held"),
        Link("Returns", "/console/returns"),
        Link("Quarantine", "/console/quarantine"),
        Link("Deliveries", "/console/deliveries"),
        Link("Endpoints", "/console/endpoints"),
        Link("Buyers", "/console/buyers"),
        Link("Offers", "/console/offers"),
        Link("Sources", "/console/sources"),
        Link("Policies", "/console/policies"),
        Link("Events", "/console/events"),
        Link("Users", "/console/users", right="manage"),
        Link("Keys", "/console/keys"),
        Link("Audit", "/console/audit"),
        Link("Settings", "/console/settings"),
        Link("Doctor", "/console/doctor", right="work"),
    ),
)
