"""Numbers with their nouns."""


def count_of(number: int, noun: str) -> str:
    """`1 lead`, `2 leads`, `1,234 leads`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
