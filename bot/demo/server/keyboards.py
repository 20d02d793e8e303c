"""Checking reply markup: inline keyboards and forced replies."""

from __future__ import annotations

from typing import Any

from telegram.constants import (
    InlineKeyboardButtonLimit,
    InlineKeyboardMarkupLimit,
    KeyboardButtonStyle,
    ReplyLimit,
)

from bot.demo.server.errors import ApiError, bad_request
from bot.demo.server.links import split
from bot.demo.server.params import Params
from bot.demo.server.utf16 import units

Markup = dict[str, Any]

_STYLES = {str(style.value) for style in KeyboardButtonStyle}
_OTHER_KINDS = ("keyboard", "remove_keyboard", "force_reply")


def read_markup(params: Params) -> Markup:
    """The reply markup of a message to send, empty if there is none.

    Raises:
        ApiError: If Telegram would refuse it.
    """
    markup = params.structure("reply_markup")
    if not markup and markup != []:
        return {}
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        return read_inline(params)
    if not any(kind in markup for kind in _OTHER_KINDS):
        raise bad_request("can't parse reply keyboard markup JSON object")
    hint = markup.get("input_field_placeholder")
    if hint is not None and not 1 <= len(str(hint)) <= ReplyLimit.MAX_INPUT_FIELD_PLACEHOLDER:
        raise bad_request("reply markup input field placeholder must be 1-64 characters long")
    return markup


def read_inline(params: Params) -> Markup:
    """The inline keyboard of a message to send or to edit, empty if there is none.

    Raises:
        ApiError: If it is something else, or if Telegram would refuse it.
    """
    markup = params.structure("reply_markup")
    if not markup:
        return {}
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        raise bad_request("inline keyboard expected")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse inline keyboard markup JSON object: expected an Array")
    if sum(map(len, rows)) > InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER:
        raise bad_request("reply markup is too long")
    keyboard = [[_button(button) for button in row] for row in rows if row]
    return {"inline_keyboard": keyboard} if keyboard else {}


def _button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise _unreadable("expected an Object")
    if not isinstance(button.get("text"), str):
        raise _unreadable('Field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request("inline keyboard button text must be non-empty")
    if button.get("style") is not None and str(button["style"]) not in _STYLES:
        raise _unreadable("invalid button style specified")
    for kind, check in _CHECKS.items():
        if button.get(kind) is not None:
            check(button[kind])
            return {
                key: button[key]
                for key in ("text", kind, "style", "icon_custom_emoji_id")
                if button.get(key) is not None
            }
    raise _unreadable("Text buttons are unallowed in the inline keyboard")


def _check_data(data: Any) -> None:
    size = len(str(data).encode())
    least = InlineKeyboardButtonLimit.MIN_CALLBACK_DATA
    if not least <= size <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
        raise bad_request("BUTTON_DATA_INVALID")


def _check_url(url: Any) -> None:
    parts = split(str(url))
    plain = parts.scheme in ("http", "https") and "." in parts.netloc
    if not plain and parts.scheme != "tg":
        raise bad_request(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _check_web_app(web_app: Any) -> None:
    url = web_app.get("url", "") if isinstance(web_app, dict) else ""
    if split(str(url)).scheme != "https":
        raise bad_request(
            f"inline keyboard button Web App URL '{url}' is invalid: Only HTTPS links are allowed"
        )


def _check_copy(copy: Any) -> None:
    text = copy.get("text", "") if isinstance(copy, dict) else ""
    if not 1 <= units(text) <= InlineKeyboardButtonLimit.MAX_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")


def _accept(_: Any) -> None:
    """Nothing to check."""


_CHECKS = {
    "callback_data": _check_data,
    "url": _check_url,
    "web_app": _check_web_app,
    "copy_text": _check_copy,
    "switch_inline_query": _accept,
    "switch_inline_query_current_chat": _accept,
}


def _unreadable(reason: str) -> ApiError:
    return bad_request(f"can't parse inline keyboard button: {reason}")
