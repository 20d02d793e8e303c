"""python-telegram-bot itself against the server: it works, and sees the right exceptions."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
    Update,
)
from telegram.constants import KeyboardButtonStyle, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.demo.server import PATIENCE, BotApiServer, Fault
from tests.bot.demo.server.helpers import AMIR, DANA, NOA, TOKEN, picture

App = Application[Any, Any, Any, Any, Any, Any]


def builder(server: BotApiServer) -> ApplicationBuilder[Any, Any, Any, Any, Any, Any]:
    urls = ApplicationBuilder().token(TOKEN).base_url(server.bot_url)
    return urls.base_file_url(server.file_url)


@pytest.fixture
async def bot(server: BotApiServer) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=server.bot_url, base_file_url=server.file_url) as bot:
        yield bot


async def on_risk(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    buttons = [
        InlineKeyboardButton("Authorize", callback_data="a:1", style=KeyboardButtonStyle.SUCCESS),
        InlineKeyboardButton("Decline", callback_data="d:1", style=KeyboardButtonStyle.DANGER),
    ]
    assert update.effective_message
    await update.effective_message.reply_html(
        "<b>High-risk</b> · next 7 days\n<pre>1 P-7K3MQD  9×  41%</pre>",
        reply_markup=InlineKeyboardMarkup([buttons]),
    )


async def on_press(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    query = update.callback_query
    assert query
    await query.answer(f"pressed {query.data}")
    await query.edit_message_text("Authorized")


async def on_file(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.effective_message
    assert message
    assert message.document
    content = await (await message.document.get_file()).download_as_bytearray()
    await message.reply_document(bytes(content).upper(), filename="rejects.csv")


def with_handlers(application: App) -> App:
    application.add_handler(CommandHandler("risk", on_risk))
    application.add_handler(CallbackQueryHandler(on_press))
    application.add_handler(MessageHandler(filters.Document.ALL, on_file))
    return application


@contextlib.asynccontextmanager
async def polling(server: BotApiServer) -> AsyncIterator[App]:
    application = with_handlers(builder(server).build())
    async with application:
        await application.start()
        assert application.updater
        await application.updater.start_polling()
        yield application
        await application.updater.stop()
        await application.stop()


async def work_through(server: BotApiServer) -> None:
    """What a person does, start to end."""
    dana = server.person(DANA)
    await dana.says("/risk")
    message = await dana.sees("High-risk")
    assert [entity["type"] for entity in message["entities"]] == ["bold", "pre"]
    query_id = await dana.presses(message, "Authorize")
    assert (await dana.toast(query_id)).text == "pressed a:1"
    edited = await dana.sees("Authorized")
    assert edited["message_id"] == message["message_id"]
    await dana.uploads("feed.csv", b"a,b")
    document = await dana.sees(lambda m: "document" in m)
    assert (document["document"]["file_name"], document["document"]["file_size"]) == (
        "rejects.csv",
        3,
    )


async def test_an_application_works_by_polling(server: BotApiServer) -> None:
    async with polling(server):
        await work_through(server)
    assert server.pending_updates == 0
    assert {call.code for call in server.calls()} <= {200, 0}


async def test_an_application_goes_on_after_a_restart(server: BotApiServer) -> None:
    dana = server.person(DANA)
    async with polling(server):
        await dana.says("/risk")
        message = await dana.sees("High-risk")
    query_id = await dana.presses(message, "Authorize")
    async with polling(server):
        assert (await dana.toast(query_id)).text == "pressed a:1"


async def test_an_application_works_by_webhook(server: BotApiServer) -> None:
    application = with_handlers(builder(server).updater(None).build())

    async def take(request: Request) -> Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"
        update = Update.de_json(await request.json(), application.bot)
        await application.update_queue.put(update)
        return Response()

    app = Starlette(routes=[Route("/telegram", take, methods=["POST"])])
    listener = socket.create_server(("127.0.0.1", 0))
    hook = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(hook.serve(sockets=[listener]))
    async with application:
        await application.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/telegram"
        await application.bot.set_webhook(url, secret_token="s3cret", max_connections=8)  # noqa: S106
        info = await application.bot.get_webhook_info()
        assert (info.url, info.max_connections) == (url, 8)
        await work_through(server)
        await application.bot.delete_webhook()
        await application.stop()
    hook.should_exit = True
    await serving


async def test_every_method_that_the_product_needs_answers_in_ptbs_types(
    server: BotApiServer, bot: Bot
) -> None:
    assert (await bot.get_me()).username == "slotwise_bot"
    sent = await bot.send_photo(DANA, picture(1080, 1350), caption="<b>Map</b>", parse_mode="HTML")
    assert (sent.photo[-1].width, sent.photo[-1].height) == (1080, 1350)
    again = await bot.send_photo(
        AMIR, sent.photo[-1].file_id, protect_content=True, disable_notification=True
    )
    assert again.photo == sent.photo
    assert again.has_protected_content
    media = InputMediaPhoto(picture(20, 30), caption="new", parse_mode=ParseMode.HTML)
    edited = await bot.edit_message_media(media, DANA, sent.message_id)
    assert isinstance(edited, Message)
    assert (edited.photo[0].width, edited.caption) == (20, "new")
    captioned = await bot.edit_message_caption(DANA, sent.message_id, caption="newer")
    assert isinstance(captioned, Message)
    assert captioned.caption == "newer"
    assert await bot.send_chat_action(DANA, "upload_photo")
    scope = BotCommandScopeChat(DANA)
    assert await bot.set_my_commands([BotCommand("risk", "The list")], scope=scope)
    assert (await bot.get_my_commands(scope=scope))[0].command == "risk"
    assert await bot.set_my_description("An assistant")
    assert await bot.set_my_short_description("Short")
    asked = await bot.send_message(DANA, "Reason?", reply_markup=ForceReply())
    assert (await bot.get_chat(DANA)).first_name == "Dana"
    assert await bot.pin_chat_message(DANA, asked.message_id)
    assert await bot.unpin_chat_message(DANA, asked.message_id)
    assert await bot.delete_message(DANA, asked.message_id)
    assert await bot.delete_messages(DANA, [sent.message_id])
    document = await bot.send_document(DANA, b"a,b", filename="feed.csv")
    assert document.document
    file = await document.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"a,b"


async def test_bad_requests_keep_the_words_that_bots_look_for(
    server: BotApiServer, bot: Bot
) -> None:
    sent = await bot.send_message(DANA, "x")
    for call, words in (
        (bot.edit_message_text("x", DANA, sent.message_id), "Message is not modified"),
        (bot.edit_message_text("y", DANA, 999), "Message to edit not found"),
        (bot.send_message(DANA, "<b>", parse_mode="HTML"), "Can't parse entities"),
        (bot.send_message(5, "x"), "Chat not found"),
        (bot.answer_callback_query("7"), "Query is too old"),
    ):
        with pytest.raises(BadRequest, match=words):
            await call


async def test_each_refusal_is_the_right_exception(
    server: BotApiServer, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # or else RetryAfter warns whenever it is raised
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(NOA, "x")
    server.person(AMIR).blocks()
    with pytest.raises(Forbidden, match="blocked by the user"):
        await bot.send_message(AMIR, "x")
    server.group(-100, members=[DANA]).becomes_supergroup()
    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(-100, "x")
    assert migrated.value.new_chat_id == -1_000_000_000_100
    server.faults.add(Fault(retry_after=3))
    with pytest.raises(RetryAfter) as flood:
        await bot.send_message(DANA, "x")
    assert flood.value.retry_after == timedelta(seconds=3)
    server.faults.add(Fault(code=502))
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await bot.send_message(DANA, "x")
    for token, expected in (("1000001:wrong", "Unauthorized"), ("nonsense", "Not Found")):
        wrong = Bot(token, base_url=server.bot_url)
        with pytest.raises(InvalidToken, match="rejected by the server") as rejected:
            await wrong.initialize()
        assert str(rejected.value.__cause__) == expected
        await wrong.shutdown()


async def test_a_delayed_or_dropped_answer_is_told_apart(server: BotApiServer, bot: Bot) -> None:
    server.faults.add(Fault("sendMessage", delay=5))
    with pytest.raises(TimedOut):
        await bot.send_message(DANA, "late", read_timeout=0.2)
    server.faults.add(Fault("sendMessage", drop="before"))
    with pytest.raises(NetworkError, match="RemoteProtocolError"):
        await bot.send_message(DANA, "lost")
    server.faults.add(Fault("sendMessage", drop="after"))
    with pytest.raises(NetworkError, match="RemoteProtocolError"):
        await bot.send_message(DANA, "delivered")
    assert (await server.person(DANA).sees("delivered"))["text"] == "delivered"


async def test_two_applications_on_one_token_see_a_conflict(server: BotApiServer) -> None:
    conflicts: asyncio.Queue[Exception] = asyncio.Queue()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            application = builder(server).build()
            await stack.enter_async_context(application)
            assert application.updater
            await application.updater.start_polling(error_callback=conflicts.put_nowait)
            stack.push_async_callback(application.updater.stop)
        async with asyncio.timeout(PATIENCE):
            assert isinstance(await conflicts.get(), Conflict)


async def test_thirty_two_people_at_once_are_served(server: BotApiServer) -> None:
    """Prints how many messages a second went through; the machine decides, so no bound."""
    workers, each = 8, 40

    async def send() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            for number in range(each):
                body = {"chat_id": DANA, "text": f"<b>{number}</b>", "parse_mode": "HTML"}
                answer = await client.post(f"{server.bot_url}{TOKEN}/sendMessage", data=body)
                assert answer.status_code == 200

    before = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(workers)))
    rate = workers * each / (time.perf_counter() - before)
    print(f"\n{rate:.0f} sendMessage calls a second, client and server in one loop")
    assert len(server.calls("sendMessage")) == workers * each
