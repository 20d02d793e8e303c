"""`/risk`, `/find` and the card, as people see them."""

import re
from datetime import timedelta

from tests.e2e.town import Message, Town, all_labels, body, labels, shows, with_button

WIDTH = 34


async def test_the_list_shows_the_most_urgent_first_within_34_columns(small_town: Town) -> None:
    await small_town.dana.says("/risk")
    message = await small_town.dana.sees("High-risk · next 7 days")
    text = body(message)
    first, second, third = text.splitlines()[:3]
    assert first == "High-risk · next 7 days"
    assert second == "All departments · all ages"
    assert re.fullmatch(r"Efficiency Gain 0\.00 % \(0 ÷ 20\)", third)
    assert "12 appointments, 1–8 shown" in text
    missed = [int(number) for number in re.findall(r"(\d+)× ", text)]
    assert missed == sorted(missed, reverse=True)
    assert all(len(line) <= WIDTH for line in block(message).splitlines())


async def test_pages_turn_in_place(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("1–8 shown")
    await dana.presses(message, "Next ›")
    turned = await dana.sees("9–12 shown")
    references = re.findall(r"^( 9|10|11|12) P-(\w{6})", block(turned), re.MULTILINE)
    assert all_labels(turned)[:4] == [f"{place.strip()} {ref}" for place, ref in references]
    assert turned["message_id"] == message["message_id"]
    await dana.presses(turned, "‹ Back")
    assert (await dana.sees("1–8 shown"))["message_id"] == message["message_id"]


async def test_criteria_are_chosen_by_buttons_in_the_same_message(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    await dana.presses(message, "Department")
    choosing = await dana.sees("Choose a department")
    assert labels(choosing)[0] == ["All departments · 12"]
    assert labels(choosing)[-1] == ["‹ Risk list"]
    await dana.presses(choosing, "Cardiology · 6")
    await dana.presses(await dana.sees("Cardiology · all ages"), "Age")
    choosing = await dana.sees("Choose an age group")
    await dana.presses(choosing, next(label for label in all_labels(choosing) if "30–39" in label))
    await dana.presses(await dana.sees("Cardiology · 30–39"), "7 days")
    await dana.presses(await dana.sees("How far ahead?"), "Today")
    last = await dana.sees("High-risk · today")
    assert last["message_id"] == message["message_id"]


async def test_an_empty_list_says_what_would_fill_it(small_town: Town) -> None:
    await small_town.dana.says("/risk Cardiology 1 80+")
    message = await small_town.dana.sees("No coming appointment")
    assert "A longer window" in body(message)
    assert "Refresh" in all_labels(message)


async def test_too_many_days_are_answered_with_what_is_possible(small_town: Town) -> None:
    dana = small_town.dana
    for typed in ("99", "0", "Cardiology 31"):
        since = dana.now()
        await dana.says(f"/risk {typed}")
        asked = await dana.sees(f"looks 1 to 30 days ahead, not {typed.split()[-1]}.", since=since)
        await dana.presses(asked, "Next 30 days")
        where = "Cardiology" if "Cardiology" in typed else "All departments"
        await dana.sees(shows("High-risk · next 30 days", f"{where} · all ages"), since=since)


async def test_a_list_that_one_page_shows_says_no_more_than_its_length(small_town: Town) -> None:
    await small_town.avi.says("/risk")
    message = await small_town.avi.sees("High-risk")
    assert "\n6 appointments\nMost earlier no-shows (×) first\n" in body(message)


async def test_a_row_opens_its_card_and_leads_back(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    await dana.presses(message, all_labels(message)[0])
    card = await dana.sees("Nothing decided yet")
    assert re.search(r"5 earlier no-shows in 6 earlier visits", body(card))
    assert "✗✗✗✗✗✓" in body(card)
    assert "booked 30 days ahead" in body(card)
    assert labels(card)[:3] == [
        ["Propose transfer", "Propose call"],
        ["Confirmed", "Cancels"],
        ["No answer", "Wrong number"],
    ]
    await dana.presses(card, "‹ Back")
    assert (await dana.sees("High-risk"))["message_id"] == message["message_id"]


async def test_a_reference_read_aloud_finds_the_card(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    reference = re.findall(r"P-\w{6}", body(message))[0]
    await dana.says(f"/find {reference.lower().removeprefix('p-')}")
    card = await dana.sees("Nothing decided yet")
    assert reference in body(card)
    await dana.says("/find P-ZZZZZZ")
    assert "no coming appointment" in body(await dana.sees("P-ZZZZZZ"))
    await dana.says("/find Mrs. Levi")
    await dana.sees("A reference looks like")


async def test_a_manager_of_one_department_sees_that_department_alone(small_town: Town) -> None:
    avi = small_town.avi
    await avi.says("/risk")
    message = await avi.sees("High-risk")
    assert "Your departments · all ages" in body(message)
    assert "6 appointments" in body(message)
    assert "Dermatology" not in body(message)
    await avi.says("/risk Dermatology")
    await avi.sees("No department of yours is called")


async def test_an_old_button_says_what_to_do(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    for data in ("card:999999:-", "nothing:1", "risk:99.-.-:0", "risk", "act:yes:1"):
        query = await dana.presses(with_button(message, data), "old")
        assert "older message" in ((await dana.toast(query)).text or "")


async def test_the_list_follows_the_clock(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/risk")
    message = await dana.sees("12 appointments")
    small_town.clock.move(timedelta(days=1))
    await dana.presses(message, "Refresh")
    await dana.sees("10 appointments")


def block(message: Message) -> str:
    """The monospaced part of a message."""
    entity = next(found for found in message["entities"] if found["type"] == "pre")
    encoded = body(message).encode("utf-16-le")
    start, length = 2 * entity["offset"], 2 * entity["length"]
    return encoded[start : start + length].decode("utf-16-le")


async def test_the_efficiency_gain_is_asked_within_the_same_criteria(small_town: Town) -> None:
    dana = small_town.dana
    await dana.says("/efficiency")
    message = await dana.sees("Next 7 days · All departments · all ages")
    await dana.presses(message, "Department")
    choosing = await dana.sees("Choose a department")
    assert "2 departments with scheduled appointments, next 7 days, most first" in body(choosing)
    assert labels(choosing) == [
        ["All departments · 20"],
        ["Cardiology · 14"],
        ["Dermatology · 6"],
        ["‹ Efficiency Gain"],
    ]
    await dana.presses(choosing, "Cardiology · 14")
    await dana.presses(await dana.sees("Next 7 days · Cardiology · all ages"), "Age")
    choosing = await dana.sees("Choose an age group")
    await dana.presses(choosing, next(label for label in all_labels(choosing) if "30–39" in label))
    chosen = await dana.sees("Next 7 days · Cardiology · 30–39")
    assert body(chosen).startswith("Efficiency Gain 0.00 % (0 ÷ 1)")
    assert chosen["message_id"] == message["message_id"]
