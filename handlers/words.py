"""How figures, times and names are written. One place, so that they read the same everywhere."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from domain import counting
from domain.calls import CallOutcome
from domain.efficiency import Efficiency
from domain.membership import Obstacle
from domain.monospace import fit
from domain.people import Role
from domain.transfers import Kind, State

WIDTH = 34
"""Columns of a monospaced line that a phone shows without wrapping."""

LABEL = 38
"""Columns of a label that a button as wide as the message shows on a phone."""

CHOICES = 20
"""What fits a name that was typed is offered up to here."""

ALL_NAMED = 30
"""Departments that a text about one person names; more would not fit a message."""

SYSTEM = "Slotwise"
"""Who did what nobody did by hand."""

_NAMED = 3
"""Departments that a line names, …"""
_NAME = 60
"""… each in at most so many columns."""

KINDS = {Kind.TRANSFER: "transfer", Kind.PROACTIVE: "call"}
CALLS = {
    CallOutcome.CONFIRMED: "confirmed",
    CallOutcome.CANCELS: "cancels",
    CallOutcome.NO_ANSWER: "no answer",
    CallOutcome.WRONG_NUMBER: "wrong number",
}
STATES = {
    State.PROPOSED: "proposed",
    State.AUTHORIZED: "authorized",
    State.DECLINED: "declined",
    State.REVOKED: "undone",
}
ROLES = {Role.STAFF: "staff", Role.MANAGER: "managers", Role.ADMIN: "admins"}
"""Several people of a role."""

WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def number(value: int) -> str:
    """`7561` → `7,561`."""
    return f"{value:,}"


count = counting.count
"""`1 appointment`, `7,561 appointments`."""


def chance(value: float) -> int:
    """`0.4136` → `41`, in per cent; never 0 or 100, since nobody is certain."""
    return min(max(round(100 * value), 1), 99)


def expected(value: float) -> str:
    """`31.4` → `31`: expected no-shows."""
    return number(round(value)) if value >= 0.5 else "fewer than 1"


def marks(prior_no_shows: int, likely: float | None, gap: str = "  ") -> str:
    """` 9×  41%`: earlier no-shows, and the chance where there is one."""
    missed = f"{prior_no_shows:>2}×"
    return missed if likely is None else f"{missed}{gap}{chance(likely):>2}%"


def signs(*, likely: bool) -> str:
    """What the signs in the rows of a list stand for; `likely` if they show chances."""
    return "× = earlier no-shows, % = chance" if likely else "× = earlier no-shows"


def most_first(*, likely: bool) -> str:
    """The same where the list is ordered by them."""
    if likely:
        return "Most likely no-shows first (× earlier no-shows, % chance)"
    return "Most earlier no-shows (×) first"


def per_cent(value: float) -> str:
    """`3.4188` → `3.42 %`; small parts keep two figures, large ones too."""
    return f"{signed(value, 2)} %"


def signed(value: float, places: int = 0) -> str:
    """`-1204.5` → `−1,204.5`: what may be below zero, with so many places."""
    return f"{value:,.{places}f}".replace("-", "−")


def gain(figure: Efficiency) -> str:
    """`Efficiency Gain 3.42 % (12 ÷ 351)`, always with both numbers."""
    return f"Efficiency Gain {share(figure)}"


def share(figure: Efficiency) -> str:
    """`3.42 % (12 ÷ 351)`: the same where it has been named."""
    return part_of(figure.actioned, figure.scheduled)


def part_of(part: float, whole: int, places: int = 0) -> str:
    """`1.17 % (4.1 ÷ 351)`: a part with so many places, and what it is a part of."""
    rate = per_cent(100 * part / whole) if whole else "–"
    return f"{rate} ({signed(part, places)} ÷ {number(whole)})"


def gain_change(before: Efficiency, after: Efficiency) -> str:
    """`Efficiency Gain 1.06 % → 2.12 % (160 ÷ 7,561)`."""
    if before.gain is None or after.gain is None:
        return gain(after)
    return (
        f"Efficiency Gain {per_cent(before.gain)} → {per_cent(after.gain)}"
        f" ({number(after.actioned)} ÷ {number(after.scheduled)})"
    )


def marked(label: str, chosen: bool) -> str:
    """`• Rate`: the one of several that is chosen."""
    return f"• {label}" if chosen else label


def minute_of_day(minute: int) -> str:
    """`450` → `07:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def weekdays(days: int) -> str:
    """`every day`, `Sun–Thu`, `Mon, Wed`: the sum of `1 << weekday`, Monday being 0."""
    chosen = [day for day in range(7) if days >> day & 1]
    if len(chosen) == 7:
        return "every day"
    firsts = [day for day in chosen if (day - 1) % 7 not in chosen]
    if len(firsts) == 1 and len(chosen) > 2:
        return f"{WEEK[firsts[0]]}–{WEEK[(firsts[0] + len(chosen) - 1) % 7]}"
    return ", ".join(WEEK[day] for day in chosen)


def trend(before: Efficiency, after: Efficiency) -> str:
    """`▲ up 0.40`, `▼ down 0.40`, `= unchanged`, in points of per cent; "" without both figures."""
    if before.gain is None or after.gain is None:
        return ""
    points = round(after.gain - before.gain, 2)
    if points == 0:
        return "= unchanged"
    return f"▲ up {points:.2f}" if points > 0 else f"▼ down {-points:.2f}"


def greeting(moment: datetime, zone: ZoneInfo) -> str:
    """`Good morning`, by the HMO's time."""
    hour = moment.astimezone(zone).hour
    if 4 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


def short_moment(moment: datetime, zone: ZoneInfo) -> str:
    """`Mon 30 Nov 09:20`, in the HMO's time."""
    return f"{moment.astimezone(zone):%a %d %b %H:%M}"


def short_day(day: date) -> str:
    """`Mon 30 Nov`."""
    return f"{day:%a %d %b}"


def full_moment(moment: datetime, zone: ZoneInfo) -> str:
    """`Mon 30 Nov 2026 09:20`, in the HMO's time: for what may lie years back."""
    return f"{moment.astimezone(zone):%a %d %b %Y %H:%M}"


def clock_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`08:15` for today, `Mon 30 Nov 08:15` for another day, in the HMO's time."""
    local = moment.astimezone(zone)
    same_day = local.date() == now.astimezone(zone).date()
    return f"{local:%H:%M}" if same_day else f"{local:%a %d %b %H:%M}"


def hours(span: timedelta) -> str:
    """`36 hours`."""
    return count(int(span / timedelta(hours=1)), "hour")


def window(days: int) -> str:
    """`today`, `next 7 days`."""
    return "today" if days == 1 else f"next {days} days"


def departments(names: Collection[str], at_most: int = _NAMED) -> str:
    """`all departments` for none, `Cardiology, Eyes`, `Cardiology, Ears, Eyes and 5 more`."""
    if not names:
        return "all departments"
    ordered = [cut(name, _NAME) for name in sorted(names)]
    more = len(ordered) - at_most
    return ", ".join(ordered[:at_most]) + (f" and {number(more)} more" if more > 0 else "")


def why_not(obstacle: Obstacle | None) -> str | None:
    """Why nothing was changed about a person; `None` if something was."""
    return f"Nothing changed: {obstacle.value}." if obstacle else None


def list_moment(moment: datetime, zone: ZoneInfo) -> str:
    """`Mon 30 09:20`: enough within a month, and short enough for a list's line."""
    return f"{moment.astimezone(zone):%a %d %H:%M}"


def cut(text: str, columns: int) -> str:
    """The text on one line of at most `columns`, ending in `…` if some is left out."""
    return fit(text, columns).rstrip()


def label(name: str, rest: str) -> str:
    """`Cardiology · 12`, for a wide button: a long name is cut, what stands behind it is not."""
    return f"{cut(name, LABEL - len(rest) - 3)} · {rest}"


def proposals(total: int, appointments: int) -> str:
    """`5 proposals`; `5 proposals for 4 appointments` where one has two."""
    told = count(total, "proposal")
    return told if appointments == total else f"{told} for {count(appointments, 'appointment')}"


def see_proposals(total: int) -> str:
    """`See the proposal`, `See the 12`: the button that leads to what waits."""
    return "See the proposal" if total == 1 else f"See the {number(total)}"


def share_lines(rows: Sequence[tuple[str, int, int]]) -> list[str]:
    """A monospaced line for each name: as far as there is room, its share, part ÷ whole."""
    shares = [per_cent(100 * part / whole) for _, part, whole in rows]
    counts = [f"{part:,}÷{whole:,}" for _, part, whole in rows]
    wide_share, wide_count = max(map(len, shares)), max(map(len, counts))
    room = WIDTH - wide_share - wide_count - 2
    return [
        f"{fit(name, room)} {share:>{wide_share}} {count:>{wide_count}}"
        for (name, _, _), share, count in zip(rows, shares, counts, strict=True)
    ]


def bold(text: str) -> str:
    """HTML: the text in bold, escaped."""
    return f"<b>{escape(text)}</b>"


def block(lines: list[str]) -> str:
    """HTML: a monospaced block, escaped."""
    return f"<pre>{escape(chr(10).join(lines))}</pre>"


def plain(text: str) -> str:
    """HTML: the text, escaped. Every value that people or feeds wrote goes through here."""
    return escape(text, quote=False)


def which(fitting: int, what: str, typed: str) -> str:
    """`2 departments match "card". Press the one you mean.`; at most `CHOICES` are offered."""
    fits = f"{number(fitting)} {what}s match {typed}. Press the one you mean"
    more = f", or type more: the first {CHOICES} stand here" if fitting > CHOICES else ""
    return f"{fits}{more}."


def quoted(text: str) -> str:
    """`"no answer twice"`, on one line."""
    return f'"{" ".join(text.split())}"'
