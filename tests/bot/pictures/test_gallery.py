"""The gallery: who asks again, or at the same time, costs no render."""

import asyncio

import plotly.graph_objects as go
import pytest

from bot.pictures.chromium import PictureUnavailable
from bot.pictures.gallery import Gallery


class Press:
    """A renderer whose pictures are numbered and finished when the test says so."""

    def __init__(self) -> None:
        self.count = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.broken = False

    async def png(self, figure: go.Figure) -> bytes:
        self.count += 1
        number = self.count
        await self.go_on.wait()
        if self.broken:
            raise PictureUnavailable("no ink")
        return f"{figure.layout.title.text} {number}".encode()


def drawing(title: str) -> go.Figure:
    return go.Figure(layout={"title": {"text": title}})


async def test_asking_again_costs_no_render() -> None:
    press = Press()
    gallery = Gallery(press)
    first = await gallery.photo(("v1", "rate"), lambda: drawing("a"))
    again = await gallery.photo(("v1", "rate"), lambda: pytest.fail("it was drawn again"))
    assert first == again == b"a 1"
    assert (press.count, gallery.hits) == (1, 1)


async def test_new_data_is_a_new_picture() -> None:
    gallery = Gallery(Press())
    await gallery.photo(("v1", "rate"), lambda: drawing("a"))
    assert await gallery.photo(("v2", "rate"), lambda: drawing("a")) == b"a 2"


async def test_those_who_ask_at_the_same_time_share_one_render() -> None:
    press = Press()
    press.go_on.clear()
    gallery = Gallery(press)
    askers = [asyncio.create_task(gallery.photo("key", lambda: drawing("a"))) for _ in range(20)]
    other = asyncio.create_task(gallery.photo("other", lambda: drawing("b")))
    await asyncio.sleep(0)
    press.go_on.set()
    assert set(await asyncio.gather(*askers)) == {b"a 1"}
    assert await other == b"b 2"
    assert press.count == 2


async def test_one_who_gives_up_takes_nothing_from_the_others() -> None:
    press = Press()
    press.go_on.clear()
    gallery = Gallery(press)
    first, second = (
        asyncio.create_task(gallery.photo("key", lambda: drawing("a"))) for _ in range(2)
    )
    await asyncio.sleep(0)
    first.cancel()
    press.go_on.set()
    assert await second == b"a 1"
    assert first.cancelled()


async def test_a_failure_reaches_all_who_wait_and_the_next_one_tries_anew() -> None:
    press = Press()
    press.broken = True
    press.go_on.clear()
    gallery = Gallery(press)
    askers = [asyncio.create_task(gallery.photo("key", lambda: drawing("a"))) for _ in range(2)]
    await asyncio.sleep(0)
    press.go_on.set()
    answers = await asyncio.gather(*askers, return_exceptions=True)
    assert [str(answer) for answer in answers] == ["no ink", "no ink"]
    press.broken = False
    assert await gallery.photo("key", lambda: drawing("a")) == b"a 2"


async def test_a_drawing_that_fails_is_told_and_not_kept() -> None:
    gallery = Gallery(Press())
    with pytest.raises(ZeroDivisionError):
        await gallery.photo("key", lambda: drawing(str(1 // 0)))
    assert await gallery.photo("key", lambda: drawing("a")) == b"a 1"


async def test_a_file_id_is_sent_instead_of_the_picture_until_it_is_forgotten() -> None:
    press = Press()
    gallery = Gallery(press)
    await gallery.photo("key", lambda: drawing("a"))
    gallery.remember("key", "AgACAgI")
    assert await gallery.photo("key", lambda: drawing("a")) == "AgACAgI"
    assert await gallery.png("key", lambda: drawing("a")) == b"a 1"
    gallery.forget("key")
    gallery.forget("key")
    assert await gallery.photo("key", lambda: drawing("a")) == b"a 1"
    assert press.count == 1


async def test_only_the_latest_pictures_and_file_ids_are_kept() -> None:
    press = Press()
    gallery = Gallery(press, keep=2, remember=2)
    for key in ("a", "b", "a", "c"):
        await gallery.photo(key, lambda: drawing("x"))
        gallery.remember(f"id of {key}", key)
    assert press.count == 3
    await gallery.photo("a", lambda: drawing("x"))
    assert press.count == 3, "a was asked for more lately than b"
    await gallery.photo("b", lambda: drawing("x"))
    assert press.count == 4
    assert await gallery.photo("id of c", lambda: drawing("x")) == "c"
    assert await gallery.photo("id of b", lambda: drawing("x")) == b"x 5"
