"""A CSV sent to the bot."""

import gzip
from datetime import timedelta

import pytest
from telegram.constants import FileSizeLimit

from domain.clock import HandClock
from storage import counters
from tests.e2e.town import Message, Town, body, decided
from tests.hmo import Hmo


@pytest.fixture
def feed(clock: HandClock) -> Hmo:
    hmo = Hmo(clock.now())
    hmo.regular("new1", 2, department="Eyes & ears")
    hmo.regular("new2", 3, department="Eyes & ears")
    for number, row in enumerate(hmo.rows):
        row["appointment_id"] = f"N{number}"
    return hmo


async def test_an_admin_sends_a_feed_and_everybody_sees_it(small_town: Town, feed: Hmo) -> None:
    root, dana = small_town.root, small_town.dana
    await root.uploads("may.csv", feed.csv())
    report = body(await root.sees("rows in"))
    assert report.splitlines()[0].startswith("may.csv: 9 rows in ")
    assert "9 new, 0 updated, 0 unchanged" in report
    assert "1 new department" in report
    assert documents(root.messages) == []
    await dana.says("/risk Eyes & ears")
    await dana.sees("2 appointments")
    assert small_town.store.read_now(counters.verify) == []


async def test_the_same_feed_twice_changes_nothing(small_town: Town, feed: Hmo) -> None:
    root = small_town.root
    await root.uploads("may.csv.gz", gzip.compress(feed.csv()))
    await root.sees("9 new, 0 updated")
    before = decided(small_town.store)
    await root.uploads("may.csv.gz", gzip.compress(feed.csv()))
    await root.sees("0 new, 0 updated, 9 unchanged")
    assert decided(small_town.store) == before


async def test_a_word_for_a_status_that_is_unknown_is_told_without_the_command_line(
    small_town: Town, feed: Hmo
) -> None:
    feed.rows[0]["status"] = "lost"
    await small_town.root.uploads("may.csv", feed.csv())
    report = body(await small_town.root.sees("1 row rejected"))
    assert "1 × status is none of FHIR's words, such as booked" in report
    assert "--map" not in report


async def test_rows_that_cannot_be_used_come_back_as_a_file_with_reasons(
    small_town: Town, feed: Hmo
) -> None:
    feed.rows[0]["start"] = "tomorrow"
    feed.rows[1]["patient_id"] = '=HYPERLINK("http://x")<b>'
    feed.rows[1]["status"] = "lost"
    root = small_town.root
    await root.uploads("<b>&may.csv", feed.csv())
    report = body(await root.sees("2 rows rejected"))
    assert "<b>&may.csv: 9 rows" in report
    (document,) = documents([await root.sees("each with its reason")])
    assert document["file_name"] == "<b>&may.rejects.csv"
    assert document["mime_type"] == "text/csv"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("holiday.jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 5000, "was not imported"),
        ("book.xlsx", b"PK\x03\x04" + b"\x00" * 500, "save the sheet as CSV"),
        ("half.csv", b"appointment_id,patient_id\n1,2\n", "Rename the columns in its first line"),
        ("header.csv", b"appointment_id,patient_id,department,start,status\n", "no rows"),
        ("bomb.csv.gz", gzip.compress(b"0" * 30_000_000), "was not imported"),
    ],
)
async def test_what_is_no_feed_is_told_in_a_line_and_nothing_is_kept(
    small_town: Town, name: str, content: bytes, reason: str
) -> None:
    before = decided(small_town.store)
    await small_town.root.uploads(name, content)
    told = body(await small_town.root.sees(reason))
    assert told.startswith(f"{name} was not imported: ")
    assert len(told.splitlines()) == 1
    assert "--map" not in told
    assert decided(small_town.store) == before


@pytest.mark.parametrize("who", ["dana", "noa", "avi"])
async def test_others_are_refused_before_anything_is_fetched(
    small_town: Town, feed: Hmo, who: str
) -> None:
    phone = getattr(small_town, who)
    before = decided(small_town.store)
    await phone.uploads("may.csv", feed.csv())
    await phone.sees("Only admins can load data.")
    assert small_town.server.calls("getFile") == []
    assert decided(small_town.store) == before


async def test_a_file_too_big_for_telegram_is_told_what_to_do(small_town: Town) -> None:
    root = small_town.root
    await root.uploads("year.csv", b"x" * (int(FileSizeLimit.FILESIZE_DOWNLOAD) + 1))
    told = body(await root.sees("20 MB"))
    assert "slotwise import" in told
    assert small_town.server.calls("getFile") == []


async def test_an_upload_renews_open_messages(small_town: Town, feed: Hmo) -> None:
    dana, root = small_town.dana, small_town.root
    await dana.says("/risk")
    message = await dana.sees("12 appointments")
    await root.uploads("may.csv", feed.csv())
    renewed = await dana.sees("14 appointments")
    assert renewed["message_id"] == message["message_id"]


async def test_a_waitlist_and_sessions_come_in_the_same_way_and_fill_their_screens(
    small_town: Town, clock: HandClock
) -> None:
    dana, root = small_town.dana, small_town.root
    await dana.says("/waitlist")
    await dana.sees("Nobody waits here")
    await root.uploads(
        "list.csv", b"waiting_id,patient_id,department,urgency,since\nW1,P1,Eyes,5,2026-11-01\n"
    )
    assert "list.csv: 1 waitlist row in " in body(await root.sees("1 new, 0 updated"))
    start = clock.now() + timedelta(days=1)
    end = start + timedelta(hours=2)
    header = "clinician,department,start,end\n"
    row = f"Dr. Lev,Eyes,{start.isoformat()},{end.isoformat()}\n"
    await root.uploads("hours.csv", (header + row).encode())
    await root.sees("hours.csv: 1 session row in ")
    await dana.says("/waitlist eye")
    assert "1 patient waiting, 1 of them late" in body(await dana.sees("Urgency 5 ("))
    await dana.says("/capacity Eyes")
    assert "6 free slots, 2.0 hours" in body(await dana.sees("Fill rate 0.00 % (0 ÷ 6)"))
    await dana.says("/capacity nowhere")
    await dana.sees("No department of yours is called")


def documents(messages: list[Message]) -> list[Message]:
    return [m["document"] for m in messages if "document" in m and not m["outgoing"]]
