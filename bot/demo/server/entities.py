"""Formatted text: HTML parse mode and the entities that mark ranges of a text.

Offsets and lengths of entities count UTF-16 code units, as everywhere in the Bot API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from telegram.constants import MessageLimit

from bot.demo.server.errors import bad_request
from bot.demo.server.html_mode import parse_html
from bot.demo.server.params import Params
from bot.demo.server.utf16 import units

Entity = dict[str, Any]
FormattedText = tuple[str, list[Entity]]

_ALONE = {"code", "pre"}  # what may neither hold nor be held by other formatting
_HOLDERS = {"blockquote", "expandable_blockquote"}  # except by these
_NO_FINDS = {"code", "pre", "text_link", "text_mention", "url", "bot_command"}
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>]+)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
)


def read_formatted(params: Params, name: str, entities_name: str) -> FormattedText:
    """Reads a text parameter with its formatting.

    Args:
        params: The call's parameters; `parse_mode` among them decides how the text is read.
        name: The parameter that holds the text.
        entities_name: The parameter that may hold ready-made entities instead.

    Returns:
        The text, trimmed as Telegram trims it, and its entities.

    Raises:
        ApiError: For broken formatting.
    """
    given = _given_entities(params.listing(entities_name))
    return format_text(params.text(name), params.text("parse_mode"), given)


def format_text(source: str, parse_mode: str, given: Sequence[Entity] = ()) -> FormattedText:
    """Takes the formatting out of a text; see `read_formatted`."""
    source = source.replace("\r", "").replace("\0", "")
    mode = parse_mode.lower()
    if mode == "html":
        text, entities = parse_html(source)
    elif mode in ("", "none"):
        text, entities = source, list(given)
    else:
        raise bad_request("unsupported parse_mode")
    text, entities = _trim(text, entities)
    return text, _settle(entities + found_entities(text, entities))


def found_entities(text: str, known: Sequence[Entity] = ()) -> list[Entity]:
    """Links and commands in plain view, which Telegram marks by itself."""
    if "/" not in text:
        return []
    taken = [(e["offset"], e["offset"] + e["length"]) for e in known if e["type"] in _NO_FINDS]
    found = []
    for match in _FOUND.finditer(text):
        start, length = units(text[: match.start()]), units(match.group())
        if not any(start < end and begin < start + length for begin, end in taken):
            found.append({"type": match.lastgroup, "offset": start, "length": length})
    return found


def _given_entities(entities: list[Any] | None) -> list[Entity]:
    try:
        return [
            {**e, "type": str(e["type"]), "offset": int(e["offset"]), "length": int(e["length"])}
            for e in entities or []
        ]
    except (KeyError, TypeError, ValueError):
        raise bad_request("can't parse MessageEntity") from None


def _trim(text: str, entities: list[Entity]) -> FormattedText:
    """Drops white space at the end, and at the start as far as no formatting stands there."""
    text = text.rstrip()
    first = min((e["offset"] for e in entities), default=len(text))
    lead = min(len(text) - len(text.lstrip()), first)
    text = text[lead:]
    end = units(text)
    return text, [
        {**e, "offset": offset, "length": length}
        for e in entities
        if e["offset"] >= 0
        and (length := min(e["length"], end - (offset := e["offset"] - lead))) > 0
    ]


def _settle(entities: list[Entity]) -> list[Entity]:
    """Orders entities, keeps code free of other formatting, and caps their number."""
    alone = [e for e in entities if e["type"] in _ALONE]
    kept = list(alone)
    for entity in entities:
        if entity["type"] in _HOLDERS:
            kept.append(entity)
        elif entity["type"] not in _ALONE:
            kept.extend(_outside(entity, alone))
    kept.sort(key=lambda e: (e["offset"], -e["length"], e["type"] not in _HOLDERS))
    return kept[: MessageLimit.MESSAGE_ENTITIES]


def _outside(entity: Entity, holes: list[Entity]) -> Iterator[Entity]:
    """The parts of an entity that no hole covers."""
    start, end = entity["offset"], entity["offset"] + entity["length"]
    for hole in sorted(holes, key=lambda e: int(e["offset"])):
        begin, finish = hole["offset"], hole["offset"] + hole["length"]
        if finish <= start or begin >= end:
            continue
        if begin > start:
            yield {**entity, "offset": start, "length": begin - start}
        start = finish
    if start < end:
        yield {**entity, "offset": start, "length": end - start}
