"""The kinds of file that can be imported."""

from typing import Final

from storage.feeds.kind import Kind
from storage.feeds.kinds.appointments import APPOINTMENTS
from storage.feeds.kinds.sessions import SESSIONS
from storage.feeds.kinds.waitlist import WAITLIST

KINDS: Final[tuple[Kind, ...]] = (WAITLIST, APPOINTMENTS, SESSIONS)
"""All kinds; a file is of the first one whose needed columns it has all. The one with the most
telling columns comes first: an appointments file may well have an `end` of its own."""
