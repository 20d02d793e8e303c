"""What admins are told of messages to patients: short lines, references, no address."""

from datetime import timedelta

from domain.monospace import width
from domain.notices import Channel, NoticeKind, NoticeState
from handlers.patient_messages import patient_lines
from storage.notice_figures import Today, Undelivered
from storage.provider_outages import Down
from tests.conftest import MONDAY_MORNING
from tests.hmo import ZONE


def lines(today: Today) -> list[str]:
    return "\n".join(patient_lines(today, MONDAY_MORNING, ZONE)).splitlines()


def test_nothing_is_said_where_nobody_is_written_to() -> None:
    assert lines(Today({}, [], [])) == []


def test_counts_stand_in_columns_and_doubt_is_explained() -> None:
    counts = {
        (Channel.SMS, NoticeState.SENT): 12_345,
        (Channel.SMS, NoticeState.WAITING): 20,
        (Channel.SMS, NoticeState.SENDING): 3,
        (Channel.SMS, NoticeState.DROPPED): 9,
        (Channel.EMAIL, NoticeState.DOUBTFUL): 1,
    }
    assert lines(Today(counts, [], [])) == [
        "",
        "<b>Messages to patients today</b>",
        "<pre>         sent  wait  fail doubt",
        "SMS    12,345    23     0     0",
        "e-mail      0     0     0     1</pre>",
        "In doubt: nobody knows whether it arrived, so it is not repeated.",
    ]


def test_a_provider_that_is_away_and_what_failed_are_named_with_what_follows() -> None:
    since = MONDAY_MORNING - timedelta(minutes=20)
    away = Down(Channel.SMS, since, "the provider cannot be reached: it refused the connection")
    why = "no success in 12 tries: the mail server refused the recipient: 450"
    about = ("P-7K3MQD", NoticeKind.CONFIRM, Channel.EMAIL, NoticeState.FAILED, since, why)
    doubt = ("P-7K3MQE", NoticeKind.OFFER, Channel.SMS, NoticeState.DOUBTFUL, since, "no answer")
    said = lines(Today({}, [Undelivered(*about), Undelivered(*doubt)], [away]))
    assert said[1:] == [
        "<b>Messages to patients today</b>",
        "The provider of SMS takes nothing since 07:40: the provider cannot be reached: it refused "
        "the connection. What is to go out waits, and goes out once it answers.",
        "",
        "<b>Last messages to patients not delivered</b>",
        "Staff find who is to be called under /today.",
        "<pre>P-7K3MQD question, e-mail",
        "  Mon 23 07:40",
        "  no success in 12 tries: the mail",
        "  server refused the recipient:",
        "  450",
        "P-7K3MQE offer, SMS",
        "  Mon 23 07:40",
        "  in doubt: no answer</pre>",
    ]
    older = lines(Today({}, [Undelivered(*about)], []))
    assert "<b>Messages to patients today</b>" not in older  # each has a day of its own
    assert all(width(line.removeprefix("<pre>").removesuffix("</pre>")) <= 34 for line in said[6:])
