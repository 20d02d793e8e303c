"""A screen as calls to Telegram: as a text or a picture, new or in the place of another.

Nothing is noted here, and no wait that Telegram asks for is waited out: the gateway does both.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from telegram import Bot, InputMediaPhoto, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError

from handlers.desk import Pictures
from handlers.screens import Picture, Screen

Sent = TypeVar("Sent", Message, Message | bool)


class Sender:
    """Sends screens and puts them in the place of others.

    Args:
        bot: The Telegram bot.
        pictures: Told the file ids of pictures that were sent.
    """

    def __init__(self, bot: Bot, pictures: Pictures) -> None:
        self._bot = bot
        self._pictures = pictures

    async def send(self, chat_id: int, screen: Screen, *, silent: bool = False) -> Message:
        """Send a screen as a new message that cannot be forwarded."""
        manner: dict[str, Any] = {
            "parse_mode": ParseMode.HTML,
            "reply_markup": screen.keyboard,
            "disable_notification": silent,
            "protect_content": True,
        }
        if screen.picture:
            return await self._with_photo(
                screen.picture,
                lambda photo: self._bot.send_photo(chat_id, photo, caption=screen.text, **manner),
            )
        return await self._bot.send_message(chat_id, screen.text, **manner)

    async def edit(
        self, chat_id: int, message_id: int, screen: Screen, had_picture: bool
    ) -> Message | bool:
        """Put a screen in the place of what a message shows.

        Raises:
            BadRequest: The message is gone, cannot be edited, or shows the same already.
        """
        where: dict[str, Any] = {
            "chat_id": chat_id,
            "message_id": message_id,
            "reply_markup": screen.keyboard,
        }
        if screen.picture:
            caption: dict[str, Any] = {"caption": screen.text, "parse_mode": ParseMode.HTML}
            return await self._with_photo(
                screen.picture,
                lambda photo: self._bot.edit_message_media(
                    InputMediaPhoto(photo, **caption), **where
                ),
            )
        if had_picture:
            return await self._bot.edit_message_caption(
                caption=screen.text, parse_mode=ParseMode.HTML, **where
            )
        return await self._bot.edit_message_text(screen.text, parse_mode=ParseMode.HTML, **where)

    async def _with_photo(
        self, picture: Picture, send: Callable[[bytes | str], Awaitable[Sent]]
    ) -> Sent:
        """Send a picture and tell how that went; anew if Telegram no longer takes its file id."""
        by_id = isinstance(picture.content, str)
        try:
            sent = await send(picture.content)
        except TelegramError as error:
            if by_id and not _is_of_no_file(error):
                raise
            self._pictures.forget(picture.key)
            if not by_id:
                raise
            anew = replace(picture, content=await picture.again())
            return await self._with_photo(anew, send)
        if isinstance(sent, Message) and sent.photo:
            self._pictures.remember(picture.key, sent.photo[-1].file_id)
        return sent


def _is_of_no_file(error: TelegramError) -> bool:
    """Whether Telegram does not know, or no longer takes, a file id: its words vary."""
    told = error.message.lower()
    return isinstance(error, BadRequest) and "file" in told and "wrong" in told
