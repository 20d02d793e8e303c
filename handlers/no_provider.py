"""What is said where patients could be written to, if a provider were set."""

from typing import Final

from domain.notices import Manners

_NOBODY: Final = (
    "No provider of SMS or e-mail is set: offers and reminders go nowhere until an admin sets one."
)


def no_provider_lines(manners: Manners) -> list[str]:
    """That patients are not written to at all; nothing where they are."""
    return [] if manners.channels else [_NOBODY]
