"""What `leadgen doctor` says of one thing."""

from typing import NamedTuple


class Verdict(NamedTuple):
    """What was looked at; ok, warn, fail or skip; what was found; what to do (None: nothing)."""

    subject: str
    verdict: str
    finding: str
    remedy: str | None = None

    def line(self) -> str:
        """For people and for grep."""
        said = f"{self.verdict:5}{self.subject}: {self.finding}"
        return said if self.remedy is None or self.verdict == "ok" else f"{said}. Do: {self.remedy}"


def ok(subject: str, finding: str) -> Verdict:
    """As it should be."""
    return Verdict(subject, "ok", finding)


def warn(subject: str, finding: str, remedy: str) -> Verdict:
    """To be looked at today."""
    return Verdict(subject, "warn", finding, remedy)


def fail(subject: str, finding: str, remedy: str) -> Verdict:
    """To be mended now."""
    return Verdict(subject, "fail", finding, remedy)


def skip(subject: str, finding: str) -> Verdict:
    """Nobody looked."""
    return Verdict(subject, "skip", finding)
