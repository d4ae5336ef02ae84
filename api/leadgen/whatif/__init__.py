"""What leadgen.what_if found, for people: a table on the terminal, and one page of HTML.

`Outcome` is the JSON of that function as it is, numbers with a point read as Decimal.
"""

from leadgen.whatif.changes import Json, read_changes
from leadgen.whatif.page import make_page
from leadgen.whatif.table import show_outcome

__all__ = ["Json", "make_page", "read_changes", "show_outcome"]
