"""measures.md: the rows of leadgen.measures, and in which views each is."""

from leadgen.docs.catalogue import Catalogue
from leadgen.docs.markdown import code, page, table
from leadgen.docs.source import Source

BASES = {
    "came": "when the lead came",
    "sold": "when the sale was made",
    "returned": "when the return was asked for",
    "booked": "when it was booked in the ledger",
}


def make_measures(catalogue: Catalogue, _: Source) -> str:
    """The page."""
    measures = (
        [
            f"`{measure.name}`",
            code(f"{base}_{measure.name}" for base in measure.bases),
            measure.unit,
            measure.definition,
            measure.source,
        ]
        for measure in catalogue.measures
    )
    times = ([f"`{base}_`", when] for base, when in BASES.items())
    return page(
        "Measures",
        "What the numbers of the views of schema `report` mean, from the rows of `leadgen.measures`.",
        "A column is named after the time by which it counts, and the measure. Columns of one name say the same in "
        "every view. Those of different times differ, and both are right: a lead that came on Monday and was sold on "
        "Tuesday.",
        f"## Times\n\n{table(['column begins with', 'counts'], times)}",
        "Days, weeks and months are those of the zone in the column `zone`: each market's own, or the one that "
        "`report.set_zone('Europe/Berlin')` set for the session.",
        f"## Measures\n\n{table(['measure', 'columns', 'unit', 'what it is', 'the sum of'], measures)}",
    )
