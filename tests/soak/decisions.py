"""The audit trail against what people were told: each decision once, and one following another."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from storage.tables import AuditEntry, MemberRow
from tests.soak.crowd import STARTED, Answer

EVENTS: Final = {
    "ask": "propose",
    "now": "authorize",
    "yes": "authorize",
    "no": "decline",
    "drop": "withdraw",
}
SAID: Final = {
    "confirm": ("authorize batch", "batch"),
    "undobatch": ("undo batch", "batch"),
    "called": ("call", "appointment"),
    "uncall": ("undo call", "call"),
    "excuse": ("correct", "appointment"),
    "unexcuse": ("undo correction", "appointment"),
    "setrole": ("change role", "person"),
    "suspendnow": ("suspend", "person"),
    "reinstate": ("reinstate", "person"),
    "makelink": ("invite", "invitation"),
    "revoke": ("revoke invitation", "invitation"),
    "resend": ("resend delivery", "push"),
    "drop": ("drop delivery", "push"),
}
"""What a button leads to in the audit trail: the event, and what its first argument names."""
DONE: Final = (
    *("Proposed.", "Authorized", "Declined.", "Undone", "Withdrawn.", "Noted:", "Excused."),
    *("Now ", "Suspended.", "Reinstated.", "The link stands", "Revoked."),
    *("It is being sent again.", "Dropped."),
)
"""How an answer begins that claims something was done."""
ONCE: Final = {
    **dict.fromkeys(("propose", "authorize", "decline", "withdraw", "undo"), "action"),
    **dict.fromkeys(("invite", "join", "revoke invitation"), "invitation"),
    "cancel batch": "batch",
    "undo call": "call",
}
"""What can happen at most once, and to what."""
SUBJECTS: Final = {
    **{word: word for word in ("batch", "call", "action", "invitation", "push")},
    "person_id": "person",
}
"""What the details of a row name."""

Deed = tuple[str, int, str]
"""An event, who did it (Telegram id), and about what."""


class Told(NamedTuple):
    """A row of the audit trail.

    Attributes:
        by: Whose it is, as Telegram knows them; 0 for the command line.
    """

    entry: AuditEntry
    by: int
    detail: dict[str, Any]


@dataclass
class Account:
    """How answers and trail agree.

    Attributes:
        answered: How many decisions people were told of.
        recorded: How many of them stand in the trail.
        imports: How many imports stand in it, by the digest of the file.
    """

    answered: int = 0
    recorded: int = 0
    imports: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def deed_of(answer: Answer) -> Deed | None:
    """What an answer claims to have been done; `None` if it claims nothing."""
    word, *rest = answer.data.split(":")
    if word == STARTED:
        return "join", answer.telegram_id, "themselves"
    if not answer.words.startswith(DONE):
        return None
    if word == "act":
        verb, key = rest[0], rest[1]
        subject = "appointment" if verb in {"ask", "now"} else "action"
        return EVENTS.get(verb, verb), answer.telegram_id, f"{subject} {key}"
    if word in SAID:
        event, subject = SAID[word]
        return event, answer.telegram_id, f"{subject} {rest[0]}"
    return None


def account_for(session: Session, answers: Sequence[Answer]) -> Account:
    """Compare what people were told with the trail, and the trail with itself."""
    trail = list(_trail(session))
    told = Counter(deed for answer in answers if (deed := deed_of(answer)))
    recorded = Counter(
        (row.entry.event, row.by, subject) for row in trail for subject in _subjects(row)
    )
    account = Account(answered=told.total())
    for deed, number in told.items():
        # The same outcome of a call within a minute is a second press, noted once.
        short = (1 if deed[0] == "call" else number) - recorded[deed]
        account.recorded += number if short <= 0 else recorded[deed]
        if short > 0:
            account.problems.append(f"{deed} was answered {number}×, kept {recorded[deed]}×")
    account.imports.update(row.detail["sha256"] for row in trail if row.entry.event == "import")
    account.problems += _doubled(trail)
    account.problems += _out_of_step(session, trail)
    return account


def _trail(session: Session) -> Iterator[Told]:
    rows = session.execute(
        select(AuditEntry, col(MemberRow.telegram_id))
        .join(MemberRow, col(MemberRow.id) == col(AuditEntry.member_id), isouter=True)
        .order_by(col(AuditEntry.id))
    )
    for entry, telegram_id in rows:
        yield Told(entry, telegram_id or 0, json.loads(entry.detail))


def _subjects(row: Told) -> Iterable[str]:
    for word, subject in SUBJECTS.items():
        if word in row.detail:
            yield f"{subject} {row.detail[word]}"
    if row.entry.appointment_id:
        yield f"appointment {row.entry.appointment_id}"
    if row.entry.event == "join":
        yield "themselves"


def _doubled(trail: Sequence[Told]) -> list[str]:
    """What is recorded more often than it can have happened."""
    found: Counter[str] = Counter()
    for row in trail:
        event, at = row.entry.event, row.entry.department_id
        if event in ONCE:
            found[f"{event} of {ONCE[event]} {row.detail[ONCE[event]]}"] += 1
        elif event in {"authorize batch", "undo batch"}:
            found[f"{event} {row.detail['batch']} in department {at}"] += 1
    return [f"{what} is kept {number}×" for what, number in found.items() if number > 1]


def _out_of_step(session: Session, trail: Sequence[Told]) -> list[str]:
    """Changes of a person that do not follow on the ones before, or do not lead to what is kept."""
    standing: dict[int, tuple[str, bool]] = {}  # role, suspended
    found = []
    for row in trail:
        event, detail = row.entry.event, row.detail
        who = row.entry.member_id if event == "join" else detail.get("person_id")
        if who is None or event not in {"join", "change role", "suspend", "reinstate"}:
            continue
        role, suspended = standing.get(who, (None, False))
        if event in {"join", "change role"}:
            follows = detail["was"] == role
            standing[who] = (detail["role"], suspended)
        else:
            follows = suspended == (event == "reinstate")
            standing[who] = (str(role), event == "suspend")
        if not follows:
            found.append(f"row {row.entry.id}, {event} of person {who}, follows on nothing")
    kept = {row.id: (row.role.value, row.suspended) for row in session.scalars(select(MemberRow))}
    found += [
        f"person {who} is kept as {kept.get(who)}, in the trail as {told}"
        for who, told in standing.items()
        if kept.get(who) != told
    ]
    return found
