"""Cells as spreadsheets write them, and as they are written so that a spreadsheet does no harm with them."""

import re

# What begins so, a spreadsheet takes for a formula, and runs it; in East Asia also in full width.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

_DISARMED = re.compile(rf"'+\s*(?=[{re.escape(''.join(FORMULA))}])")
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)


def read_cell(cell: str) -> str:
    """What a cell means: `="00123"` is 00123, and `'+1 512` is +1 512. Blanks around it are not part of it."""
    cell = cell.strip()
    if disarmed := _DISARMED.match(cell):
        cell = cell[disarmed.end() :]
    if as_text := _AS_TEXT.fullmatch(cell):
        cell = as_text[1].replace('""', '"').strip()
    return cell


def disarm(cell: str) -> str:
    """The cell so that no spreadsheet takes it for a formula: an apostrophe before it, which read_cell takes away."""
    cell = cell.strip()
    return f"'{cell}" if cell.startswith(FORMULA) else cell
