"""HTML parse mode: what becomes of each tag, and how broken HTML is refused."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.server.entities import format_text
from bot.demo.server.errors import ApiError


def parse(source: str) -> tuple[str, list[dict[str, Any]]]:
    return format_text(source, "HTML")


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"),
        ("strong", "bold"),
        ("i", "italic"),
        ("em", "italic"),
        ("u", "underline"),
        ("ins", "underline"),
        ("s", "strikethrough"),
        ("strike", "strikethrough"),
        ("del", "strikethrough"),
        ("code", "code"),
        ("pre", "pre"),
        ("blockquote", "blockquote"),
        ("tg-spoiler", "spoiler"),
    ],
)
def test_each_tag_becomes_its_entity(tag: str, kind: str) -> None:
    assert parse(f"a <{tag}>bc</{tag}>") == ("a bc", [{"type": kind, "offset": 2, "length": 2}])


@pytest.mark.parametrize(
    ("source", "text", "entity"),
    [
        (
            '<a href="https://example.org/?a=1&amp;b=2">x</a>',
            "x",
            {"type": "text_link", "url": "https://example.org/?a=1&b=2"},
        ),
        (
            "<a href='tg://user?id=1001'>D</a>",
            "D",
            {"type": "text_mention", "user": {"id": 1001}},
        ),
        ('<span class="tg-spoiler">x</span>', "x", {"type": "spoiler"}),
        ("<blockquote expandable>x</blockquote>", "x", {"type": "expandable_blockquote"}),
        (
            '<pre><code class="language-python">x</code></pre>',
            "x",
            {"type": "pre", "language": "python"},
        ),
        ("<pre><code>x</code></pre>", "x", {"type": "pre"}),
        ("<B  >x</B >", "x", {"type": "bold"}),
    ],
)
def test_attributes_are_understood(source: str, text: str, entity: dict[str, Any]) -> None:
    assert parse(source) == (text, [{"offset": 0, "length": 1} | entity])


def test_a_link_to_nowhere_leaves_its_text() -> None:
    assert parse('<a href="nowhere">x</a>') == ("x", [])


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;&gt;&amp;&quot;", '<>&"'),
        ("&#215;&#xD7;", "××"),
        ("&nbsp;&copy; &", "&nbsp;&copy; &"),
        ("&#0;&#99999999;&#xD800;", "&#0;&#99999999;&#xD800;"),
    ],
)
def test_character_references_are_those_of_telegram(source: str, text: str) -> None:
    assert parse(source) == (text, [])


def test_offsets_count_utf16_units() -> None:
    text, entities = parse("🏥 é <b>שלום 🏥</b>")
    assert text == "🏥 é שלום 🏥"
    assert entities == [{"type": "bold", "offset": 5, "length": 7}]


def test_nested_tags_come_outermost_first() -> None:
    assert [e["type"] for e in parse("<i><b>ab</b>c</i>")[1]] == ["italic", "bold"]


def test_code_stays_free_of_other_formatting() -> None:
    assert parse("<b>a<code>b</code>c</b>")[1] == [
        {"type": "bold", "offset": 0, "length": 1},
        {"type": "code", "offset": 1, "length": 1},
        {"type": "bold", "offset": 2, "length": 1},
    ]
    assert parse("<code>a<b>b</b></code>")[1] == [{"type": "code", "offset": 0, "length": 2}]
    assert [e["type"] for e in parse("<blockquote>a <code>b</code></blockquote>")[1]] == [
        "blockquote",
        "code",
    ]


def test_white_space_around_a_text_is_trimmed_and_offsets_follow() -> None:
    assert parse("\n  x <b>y </b>\n ") == ("x y", [{"type": "bold", "offset": 2, "length": 1}])
    assert parse("<b> y</b>")[0] == " y"
    assert parse("<b></b> ") == ("", [])


def test_commands_and_links_are_marked_by_themselves_but_not_in_code() -> None:
    text, entities = parse("🏥 /risk a/b https://example.org/x <code>/risk</code>")
    marked = [(e["type"], e["offset"], e["length"]) for e in entities]
    assert text.startswith("🏥 /risk")
    assert marked == [("bot_command", 3, 5), ("url", 13, 21), ("code", 35, 5)]


def test_no_more_than_a_hundred_entities_are_kept() -> None:
    assert len(parse("<b>x</b> " * 150)[1]) == 100


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("🏥<abac>", 'Unsupported start tag "abac" at byte offset 4'),
        ("a <3", "Unclosed start tag at byte offset 2"),
        ("a < b>", 'Unsupported start tag "" at byte offset 2'),
        ("🏥<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("🏥x</b>", "Unexpected end tag at byte offset 5"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b>x</b  ", "Unclosed end tag at byte offset 4"),
        ("<i =x>", 'Empty attribute name in the tag "i" at byte offset 0'),
        ("<i a = ", 'Unclosed start tag "i" at byte offset 0'),
        ("<i a=x,y>", "Unexpected end of name token at byte offset 5"),
        ('<i a="x>', "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as error:
        parse(source)
    assert error.value.code == 400
    assert error.value.description == f"Bad Request: can't parse entities: {reason}"


def test_only_html_and_plain_text_are_spoken_here() -> None:
    with pytest.raises(ApiError, match="unsupported parse_mode"):
        format_text("*x*", "MarkdownV2")
    assert format_text("<b>", "") == ("<b>", [])
