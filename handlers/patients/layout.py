"""What all pages for patients look like: one column, big buttons, no script, nothing foreign.

The style is allowed by its hash, and nothing else is: no script runs on these pages, whatever a
department is called.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import Final

from handlers.patients.vocabulary import Words

_STYLE: Final = """
:root{color-scheme:light dark;--paper:#f3f5f7;--card:#fff;--ink:#15202b;--soft:#4b5b6b;
--line:#6f7e8d;--main:#0b5c8a;--on-main:#fff;--focus:#b34700}
@media(prefers-color-scheme:dark){:root{--paper:#0f151b;--card:#1a232c;--ink:#eef3f7;--soft:#b3c0cc;
--line:#70808f;--main:#7cc4ee;--on-main:#06202f;--focus:#ffb066}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;background:var(--paper);color:var(--ink);
font:1.125rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:30rem;margin:0 auto;padding:1.25rem 1rem 2rem;text-align:start;
overflow-wrap:anywhere}
header{margin:0 0 .75rem;color:var(--soft);font-size:1rem}
h1{margin:0 0 1rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem}
.visit{padding:.875rem 1rem;background:var(--card);border:1px solid var(--line);
border-radius:.75rem}
.visit span,.visit time{display:block}
.visit time{font-size:1.25rem;font-weight:600;line-height:1.35}
form{margin:1.25rem 0 0}
button{display:block;width:100%;min-height:3.5rem;margin:0 0 .75rem;padding:.75rem 1rem;
border:2px solid var(--line);border-radius:.75rem;background:var(--card);color:var(--ink);
font:inherit;font-weight:600;cursor:pointer}
button.main{border-color:var(--main);background:var(--main);color:var(--on-main)}
button:hover{text-decoration:underline}
button:focus-visible{outline:3px solid var(--focus);outline-offset:3px}
@media(min-width:40rem){main{padding-top:4rem}}
@media(forced-colors:active){button.main{border-width:4px}}
"""

_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex, nofollow",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
"""What every answer carries: the token in the address is a secret, and goes nowhere else."""


@dataclass(frozen=True)
class Button:
    """A button that posts `answer=value`.

    Attributes:
        is_main: It stands out: what most people come for.
    """

    value: str
    label: str
    is_main: bool = False


@dataclass(frozen=True)
class Slot:
    """The visit that a page is about.

    Attributes:
        when: Its time in words.
        iso: The same for programs that read pages aloud, as ISO 8601 in the HMO's time.
    """

    department: str
    when: str
    iso: str


@dataclass(frozen=True)
class Content:
    """What a page says.

    Attributes:
        title: The headline.
        lines: What follows from it, a paragraph each.
        buttons: What can be pressed.
        slot: The visit that it is about.
    """

    title: str
    lines: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    slot: Slot | None = None


def html_of(content: Content, words: Words, hmo_name: str) -> str:
    """A whole page."""
    parts = [
        f"<header><bdi>{escape(hmo_name)}</bdi></header>" if hmo_name else "",
        f"<h1>{escape(content.title)}</h1>",
        _slot(content.slot) if content.slot else "",
        *(f"<p>{escape(line)}</p>" for line in content.lines),
        _form(content.buttons) if content.buttons else "",
    ]
    body = "\n".join(part for part in parts if part)
    direction = "rtl" if words.is_rtl else "ltr"
    return f"""<!doctype html>
<html lang="{words.language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(content.title)}</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _slot(slot: Slot) -> str:
    return (
        f'<p class="visit"><span><bdi>{escape(slot.department)}</bdi></span>'
        f'<time datetime="{escape(slot.iso)}">{escape(slot.when)}</time></p>'
    )


def _form(buttons: tuple[Button, ...]) -> str:
    """Posts to the page's own address, so that the token stands nowhere in the page."""
    rows = "\n".join(
        f'<button name="answer" value="{escape(it.value)}"{_class(it)}>{escape(it.label)}</button>'
        for it in buttons
    )
    return f'<form method="post">\n{rows}\n</form>'


def _class(button: Button) -> str:
    return ' class="main"' if button.is_main else ""
