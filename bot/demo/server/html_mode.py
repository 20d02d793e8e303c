"""HTML parse mode, refused in Telegram's own words when it is broken.

The rules are those of the Bot API's formatting options; byte offsets in the refusals point at
the offending tag in the UTF-8 text that was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from bot.demo.server.errors import ApiError, bad_request
from bot.demo.server.links import split
from bot.demo.server.params import identifier
from bot.demo.server.utf16 import units

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
}
_CHARACTERS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-zA-Z]+));?")
_PLAIN = re.compile(r"[^<&]+")
_TAG_NAME = re.compile(r"[^\s>]*")
_SPACE = re.compile(r"\s*")
_ATTRIBUTE_NAME = re.compile(r"[^\s=>]*")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")


def parse_html(source: str) -> tuple[str, list[dict[str, Any]]]:
    """Takes HTML apart into the text and its entities.

    Raises:
        ApiError: 400 "can't parse entities: …" if the HTML is broken.
    """
    return _Reader(source).read()


@dataclass
class _Open:
    """A tag that waits for its end."""

    tag: str
    offset: int
    at: int
    argument: str


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._pieces: list[str] = []
        self._length = 0
        self._open: list[_Open] = []
        self._entities: list[dict[str, Any]] = []

    def read(self) -> tuple[str, list[dict[str, Any]]]:
        while self._at < len(self._source):
            if self._source[self._at] == "&":
                self._add(self._reference())
            elif self._source[self._at] != "<":
                self._add(self._take(_PLAIN))
            elif self._source.startswith("</", self._at):
                self._end_tag()
            else:
                self._start_tag()
        if self._open:
            raise _broken(f'Can\'t find end tag corresponding to start tag "{self._open[-1].tag}"')
        return "".join(self._pieces), self._entities

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += units(text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._source, self._at)
        found = match.group() if match else ""
        self._at += len(found)
        return found

    def _next(self) -> str:
        return self._source[self._at : self._at + 1]

    def _byte(self, at: int) -> int:
        return len(self._source[:at].encode("utf-8", "surrogatepass"))

    def _reference(self) -> str:
        """A character reference, or the ampersand itself if it is none that Telegram knows."""
        match = _REFERENCE.match(self._source, self._at)
        character = _character(match) if match else None
        if match is None or character is None:
            self._at += 1
            return "&"
        self._at = match.end()
        return character

    def _start_tag(self) -> None:
        begin = self._at
        self._at += 1
        tag = self._take(_TAG_NAME).lower()
        if not self._next():
            raise _broken(f"Unclosed start tag at byte offset {self._byte(begin)}")
        if tag not in _TYPES:
            raise _broken(f'Unsupported start tag "{tag}" at byte offset {self._byte(begin)}')
        argument = self._argument(tag, self._attributes(tag, begin))
        if tag == "span" and argument != "tg-spoiler":
            raise _broken(
                f'Tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}'
            )
        self._open.append(_Open(tag, self._length, len(self._pieces), argument))

    def _attributes(self, tag: str, begin: int) -> dict[str, str]:
        attributes: dict[str, str] = {}
        while True:
            self._take(_SPACE)
            if self._next() == ">":
                self._at += 1
                return attributes
            where = f"at byte offset {self._byte(begin)}"
            if not self._next():
                raise _broken(f"Unclosed start tag {where}")
            name = self._take(_ATTRIBUTE_NAME).lower()
            if not name:
                raise _broken(f'Empty attribute name in the tag "{tag}" {where}')
            attributes[name] = self._attribute_value(tag, begin)

    def _attribute_value(self, tag: str, begin: int) -> str:
        self._take(_SPACE)
        if self._next() != "=":
            return ""
        self._at += 1
        self._take(_SPACE)
        if not self._next():
            raise _broken(f'Unclosed start tag "{tag}" at byte offset {self._byte(begin)}')
        if self._next() in "'\"":
            return self._quoted(begin)
        token_begin = self._at
        token = self._take(_TOKEN).lower()
        if not (self._next() == ">" or self._next().isspace()):
            raise _broken(f"Unexpected end of name token at byte offset {self._byte(token_begin)}")
        return token

    def _quoted(self, begin: int) -> str:
        quote = self._next()
        self._at += 1
        value = []
        while (character := self._next()) != quote:
            if not character:
                raise _broken(f"Unclosed start tag at byte offset {self._byte(begin)}")
            if character == "&":
                value.append(self._reference())
            else:
                value.append(character)
                self._at += 1
        self._at += 1
        return "".join(value)

    def _argument(self, tag: str, attributes: dict[str, str]) -> str:
        """The one attribute that matters for a tag."""
        if tag == "a":
            return attributes.get("href", "")
        if tag == "blockquote":
            return "expandable" if "expandable" in attributes else ""
        return attributes.get("class", "") if tag in ("code", "span") else ""

    def _end_tag(self) -> None:
        begin = self._at
        where = f"at byte offset {self._byte(begin)}"
        if not self._open:
            raise _broken(f"Unexpected end tag {where}")
        self._at += 2
        tag = self._take(_TAG_NAME).lower()
        self._take(_SPACE)
        if self._next() != ">":
            raise _broken(f"Unclosed end tag {where}")
        self._at += 1
        opened = self._open.pop()
        if tag and tag != opened.tag:
            raise _broken(
                f'Unmatched end tag {where}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self._length > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity = {
            "type": _TYPES[opened.tag],
            "offset": opened.offset,
            "length": self._length - opened.offset,
        }
        if opened.tag == "a":
            entity = _link(entity, opened.argument or "".join(self._pieces[opened.at :]))
        elif opened.argument == "expandable":
            entity["type"] = "expandable_blockquote"
        elif opened.tag == "code" and opened.argument.startswith("language-"):
            entity["language"] = opened.argument.removeprefix("language-")
        elif opened.tag == "pre":
            entity = self._with_language(entity)
        if entity:
            self._entities.append(entity)

    def _with_language(self, pre: dict[str, Any]) -> dict[str, Any]:
        """A `pre` takes over the language of a `code` that fills it; other code keeps none."""
        inner = self._entities[-1] if self._entities else {}
        same = (inner.get("offset"), inner.get("length")) == (pre["offset"], pre["length"])
        if inner.get("type") == "code" and same:
            self._entities.pop()
            return pre | ({"language": inner["language"]} if "language" in inner else {})
        return pre


def _character(match: re.Match[str]) -> str | None:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _CHARACTERS.get(name)
    code = int(hexadecimal, 16) if hexadecimal else int(decimal[:9])
    surrogate = 0xD800 <= code <= 0xDFFF
    return chr(code) if 0 < code <= 0x10FFFF and not surrogate else None


def _link(entity: dict[str, Any], url: str) -> dict[str, Any]:
    """A link's entity; empty if the address is none, then the text stays and the link goes."""
    url = url.strip()
    parts = split(url if "://" in url else f"http://{url}")
    if parts.scheme == "tg" and parts.netloc == "user":
        user_id = identifier(parse_qs(parts.query).get("id", [""])[0])
        return entity | {"type": "text_mention", "user": {"id": user_id}} if user_id else {}
    if parts.scheme not in ("http", "https", "tg", "ton") or "." not in parts.netloc:
        return {}
    return entity | {"url": parts.geturl()}


def _broken(reason: str) -> ApiError:
    return bad_request(f"can't parse entities: {reason}")
