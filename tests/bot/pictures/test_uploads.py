"""Uploads: of many who send the same picture at once, one carries it."""

import asyncio

from bot.demo.server import PATIENCE
from bot.pictures.uploads import Uploads

Sent = list[bytes | str]


class Shelf:
    """Where a picture is found: its bytes, or its file id once there is one."""

    def __init__(self) -> None:
        self.file_id = ""

    async def find(self) -> bytes | str:
        return self.file_id or b"png"


def ask(uploads: Uploads, shelf: Shelf, number: int) -> list[asyncio.Task[bytes | str]]:
    return [asyncio.create_task(uploads.take("key", shelf.find)) for _ in range(number)]


async def done(tasks: list[asyncio.Task[bytes | str]], number: int) -> Sent:
    """What those got who have an answer, as soon as there are so many."""
    async with asyncio.timeout(PATIENCE):
        while sum(task.done() for task in tasks) < number:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return [task.result() for task in tasks if task.done()]


async def test_one_gets_the_bytes_and_the_others_the_file_id_once_it_is_known() -> None:
    uploads, shelf = Uploads(), Shelf()
    tasks = ask(uploads, shelf, 50)
    assert await done(tasks, 1) == [b"png"]
    shelf.file_id = "AgACAgI"
    uploads.ended("key")
    assert sorted(map(str, await done(tasks, 50)))[:49] == ["AgACAgI"] * 49
    assert await uploads.take("key", shelf.find) == "AgACAgI"


async def test_when_the_first_fails_another_one_tries() -> None:
    uploads, shelf = Uploads(), Shelf()
    tasks = ask(uploads, shelf, 10)
    for tried in range(1, 4):
        assert await done(tasks, tried) == [b"png"] * tried
        uploads.ended("key")
    shelf.file_id = "AgACAgI"
    uploads.ended("key")
    found = await done(tasks, 10)
    assert found.count("AgACAgI") + found.count(b"png") == 10
    assert found.count(b"png") <= 4


async def test_who_keeps_the_bytes_and_says_nothing_holds_the_others_up_for_a_while_only() -> None:
    uploads, shelf = Uploads(patience=0.05), Shelf()
    tasks = ask(uploads, shelf, 3)
    assert await done(tasks, 2) == [b"png", b"png"]
    assert await done(tasks, 3) == [b"png", b"png", b"png"]


async def test_other_pictures_are_not_held_up() -> None:
    uploads, shelf = Uploads(), Shelf()
    assert await uploads.take("key", shelf.find) == b"png"
    assert await uploads.take("another", shelf.find) == b"png"


async def test_a_picture_that_cannot_be_found_leaves_nobody_waiting() -> None:
    async def fails() -> bytes | str:
        raise LookupError

    uploads, shelf = Uploads(), Shelf()
    answers = await asyncio.gather(
        *(uploads.take("key", fails) for _ in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [LookupError] * 3
    assert await uploads.take("key", shelf.find) == b"png"
