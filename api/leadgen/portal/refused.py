"""What the database refuses, said on the page where it was asked."""

from leadgen.app.problems import CONFLICT, MALFORMED, Problem


def check_said(problem: Problem) -> None:
    """Raise the problem, unless it is one that a page says beside its form."""
    if problem.kind not in (MALFORMED, CONFLICT):
        raise problem
