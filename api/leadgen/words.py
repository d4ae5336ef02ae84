"""Numbers with their nouns."""


def count_of(number: int, noun: str, nouns: str = "") -> str:
    """`1 lead`, `2 leads`, `1,234 leads`; an irregular plural is given."""
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"
