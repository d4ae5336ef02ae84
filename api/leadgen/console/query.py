"""What the address of a console's page says."""

from leadgen.pages.query import address, read_id, read_row, read_text, to_id

__all__ = ["address", "read_id", "read_row", "read_text", "to_id"]
