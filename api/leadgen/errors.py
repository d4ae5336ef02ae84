"""The errors that are for the operator: one message, no traceback."""


class LeadGenError(Exception):
    """A failure the operator can do something about; the message says what."""
