"""What an import tells: a refusal of the whole file, or a report on its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.counting import count

_REASONS_SHOWN: Final = 5


class KindWord(StrEnum):
    """What a file holds, as `--kind` calls it."""

    APPOINTMENTS = "appointments"
    WAITLIST = "waitlist"
    SESSIONS = "sessions"

    @property
    def file(self) -> str:
        """`a waitlist file`."""
        return f"{'an' if self is KindWord.APPOINTMENTS else 'a'} {self.value} file"


_ROW: Final = {
    KindWord.APPOINTMENTS: "row",
    KindWord.WAITLIST: "waitlist row",
    KindWord.SESSIONS: "session row",
}
_KEY: Final = {
    KindWord.APPOINTMENTS: "appointment_id",
    KindWord.WAITLIST: "waiting_id",
    KindWord.SESSIONS: "clinician, department and start",
}
"""What makes two rows of a file the same thing."""


class ImportRefused(Exception):  # noqa: N818 - an answer to a person, in one line
    """The file as a whole cannot be used; the message says why. Nothing was kept.

    Attributes:
        on_server: What can be done about it on the command line alone; often nothing.
    """

    def __init__(self, why: str, on_server: str = "") -> None:
        super().__init__(why)
        self.on_server = on_server


class RowRejected(Exception):  # noqa: N818 - an answer to a person
    """One row cannot be used.

    The reason names fields, never values: it is counted, shown in chats and kept in the audit.
    """


@dataclass(frozen=True)
class ImportReport:
    """What became of each row of a file.

    `rows` is the sum of `inserted`, `updated`, `unchanged`, `rejected`, `not_booked_yet`,
    `duplicates` and `forgotten`.

    Attributes:
        kind: What the file holds.
        name: The file's name.
        sha256: The digest of the file as it was given (packed, if it was).
        rows: Rows below the header, blank lines left out.
        reasons: Why rows were rejected and how many, the most frequent first.
        not_booked_yet: Rows left out because they were booked after the present.
        outcome_withheld: Rows stored as booked because their outcome lies in the future.
        duplicates: Rows that a later row with the same appointment_id replaced.
        forgotten: Rows left out because they are of before patients were made anonymous.
        patients_updated: Known patients of whom something new was learnt.
        new_departments: Names of departments seen for the first time.
        seconds: How long it took.
    """

    rows: int
    rejected: int
    reasons: tuple[tuple[str, int], ...]
    not_booked_yet: int
    outcome_withheld: int
    duplicates: int
    sha256: str
    kind: KindWord = KindWord.APPOINTMENTS
    name: str = ""
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    forgotten: int = 0
    new_patients: int = 0
    patients_updated: int = 0
    new_departments: tuple[str, ...] = ()
    seconds: float = 0

    def lines(self) -> list[str]:
        """The report in words, for a terminal or a chat; what did not occur is left out."""
        told = [
            f"{self.name}: {count(self.rows, _ROW[self.kind])} in {self.seconds:,.1f} s",
            f"{self.inserted:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged",
        ]
        told += [
            f"{count(number, noun)}{what}"
            for number, noun, what in (
                (self.new_patients, "new patient", ""),
                (self.patients_updated, "patient", " updated"),
                (len(self.new_departments), "new department", ""),
                (self.not_booked_yet, "row", " left out: not booked yet"),
                (self.forgotten, "row", " left out: older than what is kept of patients"),
                (self.outcome_withheld, "row", " stored as booked: the outcome is to come"),
                (self.duplicates, "row", f" replaced by a later one of the same {_KEY[self.kind]}"),
                (self.rejected, "row", " rejected"),
            )
            if number
        ]
        return told + reason_lines(self.reasons)


def reason_lines(reasons: Sequence[tuple[str, int]]) -> list[str]:
    """The most frequent reasons, one line each."""
    told = [f"  {number:,} × {reason}" for reason, number in reasons[:_REASONS_SHOWN]]
    more = len(reasons) - _REASONS_SHOWN
    if more > 0:
        told.append(f"  and {count(more, 'other reason')}; the rejects file has all")
    return told
