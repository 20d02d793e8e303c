"""Counted things in words."""


def count(value: int, one: str, many: str | None = None) -> str:
    """`1 appointment`, `7,561 appointments`; `many` where it is not `one` with an s."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"
