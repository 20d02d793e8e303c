"""Policies, backfills, offers, waitlist, clinicians' sessions, and messages to patients.

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = "stage IN ('asking', 'calling', 'kept', 'released', 'offering')"


def upgrade() -> None:
    op.add_column("patient", sa.Column("consent", sa.Boolean()))
    op.create_index(
        "ix_appointment_actioned",
        "appointment",
        ["start", "department_id", "age_group", "chance"],
        **_where("status = 'booked' AND action_state = 'authorized'"),
    )
    _policies()
    _backfills()
    _waitlist()
    _sessions()
    _offers()
    _notices()
    _answers()
    _trials()
    _plans()


def _policies() -> None:
    op.create_table(
        "policy",
        _refers("department_id", "department.id", primary_key=True, autoincrement=False),
        sa.Column("deadline_hours", sa.Integer(), nullable=False),
        sa.Column("silence", sa.String(16), nullable=False),
        _no("reminders"),
        _no("automatic"),
        sqlite_with_rowid=False,
    )


def _backfills() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("appointment_id", "appointment.id"),
        _refers("action_id", "action.id"),
        sa.Column("day", sa.Date(), nullable=False),
        _moment("start", nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        _moment("opened_at", nullable=False),
        _moment("deadline_at"),
        _moment("due_at"),
        sa.Column("release", sa.String(16)),
        _moment("released_at"),
        sa.Column("waves", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("beside", sa.Integer(), nullable=False, server_default="0"),
        _refers("replacement_id", "appointment.id", nullable=True),
        _moment("ended_at"),
    )
    op.create_index("ix_backfill_open", "backfill", ["appointment_id"], unique=True, **_where(OPEN))
    op.create_index("ix_backfill_due", "backfill", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_backfill_stage", "backfill", ["stage", "opened_at"])
    op.create_index("ix_backfill_day", "backfill", ["stage", "day"])
    for name in ("appointment_id", "action_id", "replacement_id"):
        op.create_index(f"ix_backfill_{name}", "backfill", [name])


def _waitlist() -> None:
    op.create_table(
        "waiting",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("external_id", sa.String(100), nullable=False, unique=True),
        _refers("patient_id", "patient.id"),
        _refers("department_id", "department.id"),
        sa.Column("urgency", sa.Integer(), nullable=False),
        _moment("since", nullable=False),
        sa.Column("earliest", sa.Date()),
        sa.Column("latest", sa.Date()),
        sa.Column("notice_hours", sa.Integer(), nullable=False),
        sa.Column("visit_type", sa.String(40)),
        sa.Column("state", sa.String(16), nullable=False),
        _refers("appointment_id", "appointment.id", nullable=True),
    )
    op.create_index(
        "ix_waiting_open",
        "waiting",
        ["department_id", sa.text("urgency DESC"), "since", "id", "state"],
        **_where("state = 'waiting'"),
    )
    op.create_index("ix_waiting_patient_id", "waiting", ["patient_id"])


def _sessions() -> None:
    columns = ["clinician_id", "start", "status", "department_id", "duration"]
    op.create_index("ix_appointment_clinician", "appointment", columns)
    op.create_table(
        "clinic_session",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("clinician_id", "clinician.id"),
        _refers("department_id", "department.id"),
        _moment("start", nullable=False),
        _moment("until", nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("visit_types", sa.String(400)),
        _no("blocked"),
        sa.UniqueConstraint("clinician_id", "department_id", "start"),
    )
    columns = ["department_id", "start", "until", "slot_minutes", "blocked", "clinician_id"]
    op.create_index("ix_clinic_session_department", "clinic_session", columns)


def _offers() -> None:
    op.create_table(
        "offer",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("backfill_id", "backfill.id"),
        _refers("waiting_id", "waiting.id"),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _moment("made_at", nullable=False),
        _moment("expires_at", nullable=False),
        _moment("answered_at"),
        sa.UniqueConstraint("backfill_id", "waiting_id"),
    )
    op.create_index(
        "ix_offer_accepted", "offer", ["backfill_id"], unique=True, **_where("state = 'accepted'")
    )
    op.create_index(
        "ix_offer_open", "offer", ["waiting_id"], unique=True, **_where("state = 'open'")
    )
    for name in ("waiting_id", "answered_at"):
        op.create_index(f"ix_offer_{name}", "offer", [name])


def _notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(80), nullable=False, unique=True),
        _refers("patient_id", "patient.id"),
        *(sa.Column(name, sa.String(16), nullable=False) for name in ("kind", "channel", "state")),
        sa.Column("counts", sa.Boolean(), nullable=False),
        _refers("appointment_id", "appointment.id"),
        _refers("backfill_id", "backfill.id", nullable=True),
        _refers("offer_id", "offer.id", nullable=True),
        _moment("created_at", nullable=False),
        _moment("due_at", nullable=False),
        _moment("ended_at"),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        _moment("claimed_until"),
        sa.Column("problem", sa.String(200)),
    )
    open_, failed = "state IN ('waiting', 'sending')", "state IN ('failed', 'doubtful')"
    op.create_index("ix_notice_due", "notice", ["due_at", "id"], **_where(open_))
    op.create_index("ix_notice_failed", "notice", ["created_at"], **_where(failed))
    texted = "channel = 'sms' AND state IN ('sent', 'doubtful')"
    op.create_index("ix_notice_texted", "notice", ["ended_at"], **_where(texted))
    op.create_index("ix_notice_patient", "notice", ["patient_id", "created_at"])
    for name in ("appointment_id", "backfill_id", "offer_id"):
        op.create_index(f"ix_notice_{name}", "notice", [name])
    op.create_table(
        "opt_out",
        sa.Column("digest", sa.String(64), primary_key=True),
        _moment("at", nullable=False),
        sqlite_with_rowid=False,
    )


def _answers() -> None:
    op.create_table(
        "patient_answer",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        _refers("appointment_id", "appointment.id"),
        sa.Column("answer", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        _moment("at", nullable=False),
        _refers("action_id", "action.id", nullable=True),
        _moment("undone_at"),
    )
    op.create_index("ix_patient_answer_appointment_id", "patient_answer", ["appointment_id"])
    call_me = "answer = 'call-me' AND undone_at IS NULL"
    op.create_index(
        "ix_patient_answer_call_me", "patient_answer", ["appointment_id"], **_where(call_me)
    )
    op.create_table(
        "reply",
        sa.Column("id", sa.String(200), primary_key=True),
        _moment("at", nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reply_at", "reply", ["at"])


def _trials() -> None:
    op.create_table(
        "trial",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        _moment("started_at", nullable=False),
        _refers("started_by", "member.id"),
        _moment("ended_at"),
        _refers("ended_by", "member.id", nullable=True),
    )
    op.create_table(
        "trial_patient",
        _refers("trial_id", "trial.id", primary_key=True, autoincrement=False),
        _refers("patient_id", "patient.id", primary_key=True, autoincrement=False),
        _refers("appointment_id", "appointment.id"),
        sa.Column("held_out", sa.Boolean(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trial_patient_appointment_id", "trial_patient", ["appointment_id"])


def _plans() -> None:
    op.create_table(
        "sent_plan",
        sa.Column("id", KEY, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.String(16), nullable=False),
        _refers("member_id", "member.id"),
        _moment("sent_at", nullable=False),
        sa.Column("backfills", sa.Text(), nullable=False),
    )
    op.create_index("ix_sent_plan_digest", "sent_plan", ["digest"])


def _moment(name: str, **options: Any) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), **options)


def _no(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _refers(name: str, target: str, *, nullable: bool = False, **options: Any) -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey(target), nullable=nullable, **options)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def downgrade() -> None:
    op.drop_index("ix_appointment_actioned", "appointment")
    for table in (
        "sent_plan",
        "trial_patient",
        "trial",
        "reply",
        "patient_answer",
        "opt_out",
        "notice",
        "offer",
        "clinic_session",
        "waiting",
        "backfill",
        "policy",
    ):
        op.drop_table(table)
    op.drop_index("ix_appointment_clinician", "appointment")
    op.drop_column("patient", "consent")
