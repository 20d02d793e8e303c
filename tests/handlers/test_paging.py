"""Pages."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.paging import Pages, pager

totals, sizes = st.integers(0, 300), st.integers(1, 20)


@given(totals, sizes)
def test_all_pages_together_are_the_list(total: int, size: int) -> None:
    rows = list(range(total))
    last = Pages(0, total, size).last
    pages = [Pages(page, total, size).cut(rows) for page in range(last + 1)]
    assert [row for page in pages for row in page] == rows
    assert all(pages) or not total
    assert all(len(page) <= size for page in pages)


@given(totals, sizes, st.data())
def test_buttons_turn_to_pages_that_there_are(total: int, size: int, data: st.DataObject) -> None:
    last = Pages(0, total, size).last
    page = data.draw(st.integers(0, last))
    buttons = [button for row in pager(Pages(page, total, size), str) for button in row]
    there = {button.text: int(str(button.callback_data)) for button in buttons}
    if last == 0:
        assert there == {}
        return
    assert ("‹ Back" in there, "Next ›" in there) == (page > 0, page < last)
    assert there.get("‹ Back", page - 1) == page - 1
    assert there.get("Next ›", page + 1) == page + 1
    assert all(0 <= to <= last for to in there.values())
    assert there[f"{page + 1:,} / {last + 1:,}"] == (0 if page else last)


def test_a_page_says_which_rows_it_shows() -> None:
    assert Pages(0, 12, 8).shown == "1–8 shown"
    assert Pages(1, 12, 8).shown == "9–12 shown"
    assert Pages(7624, 61_000, 8).shown == "60,993–61,000 shown"


def test_of_several_pages_alone_a_list_says_which_part_it_shows() -> None:
    assert Pages(1, 12, 8).part == ", 9–12 shown"
    assert Pages(0, 8, 8).part == Pages(0, 1, 8).part == Pages(0, 0, 8).part == ""
