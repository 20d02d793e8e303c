"""Addresses: short enough for Telegram, and whatever is not one is answered as such."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram.constants import InlineKeyboardButtonLimit, MessageLimit

from domain.ages import AGE_GROUPS
from domain.criteria import Criteria
from domain.days import WINDOWS
from domain.people import Refused, Role
from handlers.addresses import UnknownAddress, join, maybe_whole, pack, split, unpack, whole
from handlers.desk import Desk
from handlers.router import ACTS, SCREENS, open_screen
from handlers.screens import Screen, Visit
from tests.handlers.desks import (
    ACTION,
    APPOINTMENT,
    BACKFILL,
    BATCH,
    CALL_LIST,
    DEPARTMENT,
    DRAFT,
    EXCUSED,
    INVITATION,
    LAST_PAGE,
    MEMBER,
    MISSED,
    PUSH,
    SENT_PLAN,
    STRANGER,
    TRAINED,
    USE,
    visit,
)

LIMIT = int(InlineKeyboardButtonLimit.MAX_CALLBACK_DATA)
WORST = f"30.{DEPARTMENT}.8"
DEEPEST = f"risk:{WORST}:{LAST_PAGE}"
MOST_MISSED = 999
"""The last page of a patient's recorded no-shows, and more than anybody has."""
FIRST = (
    f"risk:{WORST}:0",
    "risk:30.-.-:0",
    f"riskdep:{WORST}:{LAST_PAGE}",
    f"card:{APPOINTMENT}:{DEEPEST}",
    f"card:{APPOINTMENT}:pending:{LAST_PAGE}",
    f"card:{APPOINTMENT}:-",
    "find:7K3MQD",
    "pending:0",
    f"proposal:{ACTION}",
    f"told:{ACTION}",
    f"filled:{BACKFILL}",
    f"batch:{BATCH}",
    f"toldbatch:{BATCH}",
    f"gain:{WORST}:0",
    f"heat:365:share:{DEPARTMENT}",
    f"heatdep:365:share:{DEPARTMENT}:{LAST_PAGE}",
    "waitlist:-:0",
    f"waitlist:{DEPARTMENT}:{LAST_PAGE}",
    f"waitlistdep:{LAST_PAGE}",
    f"availability:-:{LAST_PAGE}",
    f"availability:{DEPARTMENT}:0",
    "balance:-:0",
    f"balance:{DEPARTMENT}:60",
    f"balanceslots:{DEPARTMENT}:60:{LAST_PAGE}",
    f"balancedep:{LAST_PAGE}",
    f"balanceoff:{DEPARTMENT}:60",
    f"sentplan:{SENT_PLAN}",
    f"advice:{DEPARTMENT}",
    f"advicedep:{LAST_PAGE}",
    "summary",
    "you",
    f"you:{MEMBER}:1763877600",
    f"people:{LAST_PAGE}",
    f"member:{MEMBER}:{LAST_PAGE}",
    f"role:{MEMBER}:{LAST_PAGE}",
    f"places:{MEMBER}:{LAST_PAGE}:{LAST_PAGE}",
    f"suspend:{MEMBER}:{LAST_PAGE}",
    f"stranger:{STRANGER}",
    "invite",
    f"invites:{LAST_PAGE}",
    f"invitation:{INVITATION}:{LAST_PAGE}",
    f"invitation:{DRAFT}:{LAST_PAGE}",
    "calldep:0",
    f"calls:{CALL_LIST}:0",
    f"card:{APPOINTMENT}:calls:{CALL_LIST}:{LAST_PAGE}",
    f"giveback:{APPOINTMENT}:calls:{CALL_LIST}:{LAST_PAGE}",
    f"toconfirm:{LAST_PAGE}",
    f"card:{APPOINTMENT}:toconfirm:{LAST_PAGE}",
    f"giveback:{APPOINTMENT}:toconfirm:{LAST_PAGE}",
    f"wrong:0:{APPOINTMENT}:{DEEPEST}",
    f"wrong:{MOST_MISSED}:{APPOINTMENT}:-",
    f"record:{MISSED}:{MOST_MISSED}:{APPOINTMENT}:{DEEPEST}",
    f"record:{EXCUSED}:{MOST_MISSED}:{APPOINTMENT}:{DEEPEST}",
    "corrections:30:0",
    "corrections:90:0",
    "settings",
    f"capacities:{LAST_PAGE}",
    f"capacity:{DEPARTMENT}:{LAST_PAGE}",
    f"policies:{LAST_PAGE}",
    f"policy:{DEPARTMENT}:{LAST_PAGE}",
    "model",
    "chart:calibration",
    "fairness:sex",
    "fairness:0",
    f"rollback:{USE}",
    f"heat:30:expected:{DEPARTMENT}",
    f"audit:20261124:{APPOINTMENT}:7K3MQD:{LAST_PAGE}",
    "audit:-:-:-:0",
    f"auditwho:20261124:{APPOINTMENT}:7K3MQD:{LAST_PAGE}",
    "deliveries:0",
    f"delivery:{PUSH}:{LAST_PAGE}",
    f"resendall:{LAST_PAGE}",
    "trial",
    "starttrial:20",
    f"stoptrial:{LAST_PAGE}",
    *(f"modelnews:{what}:{TRAINED}" for what in ("refused", "drift", "kept")),
)
"""Screens from which all others are reached, each with the longest numbers."""
CALLING = {"called", "callopen", "today"}
EXCUSING = {"excuse", "unexcuse"}
BETWEEN = re.compile(r":(3|7|14)\.|:(30|90|180):")
"""Windows and periods that are like their longer and shorter neighbours."""

FOR_ADMINS = {
    *("people", "member", "role", "places", "suspend", "stranger"),
    *("invite", "invites", "invitation", "deliveries", "delivery", "resendall"),
    "modelnews",
    "rollback",
}

numbers = st.integers(0, 10**18 - 1)
criterias = st.builds(
    Criteria,
    st.integers(1, max(WINDOWS)),
    st.none() | numbers,
    st.none() | st.integers(0, len(AGE_GROUPS) - 1),
)
pieces = st.one_of(
    st.sampled_from(["-", "", "0", "1", "7.-.-", WORST, "7.1.1", "rate", "t", "c", "yes", "no"]),
    st.sampled_from([str(APPOINTMENT), str(ACTION), str(BATCH), str(DEPARTMENT), "7K3MQD"]),
    st.sampled_from([*SCREENS, *ACTS]),
    st.text(max_size=12),
    st.integers(-(10**20), 10**20).map(str),
)
made_up = st.builds(
    lambda word, rest: ":".join([word, *rest]),
    st.sampled_from([*SCREENS, *ACTS]) | st.text(max_size=8),
    st.lists(pieces, max_size=6),
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as found:
        yield found


@given(criterias)
def test_criteria_are_read_back_as_they_were_packed(criteria: Criteria) -> None:
    assert unpack(pack(criteria)) == criteria


@given(st.lists(st.text().filter(lambda part: ":" not in part), min_size=1, max_size=5))
def test_an_address_comes_apart_as_it_was_joined_or_is_too_long(parts: list[str]) -> None:
    try:
        address = join(*parts)
    except UnknownAddress:
        address = ":".join(parts)
        assert len(address.encode()) > LIMIT or not address.isprintable()
    else:
        assert len(address.encode()) <= LIMIT
        word, arguments = split(address)
        assert [word, *arguments] == parts


@given(st.text(max_size=24))
def test_what_is_no_whole_number_is_unknown(text: str) -> None:
    try:
        number = whole(text)
    except UnknownAddress:
        assert not (text.isascii() and text.isdecimal()) or len(text) > 18
    else:
        assert number == int(text)
        assert maybe_whole(text) == number


def test_a_dash_stands_for_none() -> None:
    assert maybe_whole("-") is None
    assert join("risk", None, 0) == "risk:-:0"


@given(st.text(max_size=30) | st.builds(".".join, st.lists(pieces, max_size=4)))
def test_what_are_no_criteria_is_unknown(text: str) -> None:
    try:
        criteria = unpack(text)
    except UnknownAddress:
        return
    assert unpack(pack(criteria)) == criteria


@pytest.mark.parametrize("role", Role)
async def test_every_button_of_every_screen_fits_and_leads_to_a_screen(
    desk: Desk, role: Role
) -> None:
    here = visit(desk, role)
    seen: set[str] = set()
    ahead = list(FIRST)
    acts: set[str] = set()
    while ahead:
        address = ahead.pop()
        screen = await screen_or_refusal(here, address)
        seen.add(address)
        for data in addresses(screen):
            if split(data)[0] in ACTS:
                acts.add(data)
            elif data not in seen and not BETWEEN.search(data):
                ahead.append(data)
        assert len(seen) < 2000
    deciding = {"why"} if role is Role.MANAGER else set()
    assert {split(address)[0] for address in seen} == set(SCREENS) - {"why"} | deciding
    verbs = {
        ":".join(act.split(":")[:2]) if act.startswith("act") else split(act)[0] for act in acts
    }
    assert (
        verbs
        == {
            Role.STAFF: {"act:ask", "set", *CALLING, *EXCUSING},
            Role.MANAGER: {
                *("act:now", "act:yes", "act:no", "act:drop", "draft", "undobatch", "uncall"),
                *("set", "setcapacity", "setpolicy", "sendplan", "starttrialnow", "stoptrialnow"),
                *CALLING,
                *EXCUSING,
            },
            Role.ADMIN: {
                *("setrole", "setplaces", "suspendnow"),
                *("newinvite", "setinvite", "makelink", "revoke"),
                *("resend", "drop", "resendnow", "set", "rollbacknow"),
            },
        }[role]
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(address=made_up, role=st.sampled_from(Role), limited=st.booleans())
def test_any_text_as_an_address_gives_a_screen_or_is_unknown_or_refused(
    desk: Desk, runner: asyncio.Runner, address: str, role: Role, limited: bool
) -> None:
    here = visit(desk, role, *([1] if limited else []))
    try:
        screen = runner.run(open_screen(here, address[:LIMIT]))
    except (UnknownAddress, Refused):
        return
    check(screen)


async def screen_or_refusal(here: Visit, address: str) -> Screen:
    try:
        screen = await open_screen(here, address)
    except Refused:
        assert here.member.role is not Role.MANAGER or split(address)[0] in FOR_ADMINS
        return Screen("")
    check(screen)
    return screen


def check(screen: Screen) -> None:
    """What Telegram and the table of open messages ask of a screen."""
    assert 0 < len(screen.text) <= MessageLimit.MAX_TEXT_LENGTH
    assert len(screen.address) <= LIMIT
    assert screen.address.isprintable()
    for row in screen.buttons:
        assert row
        for button in row:
            assert button.text
    for data in addresses(screen):
        assert 1 <= len(data.encode()) <= LIMIT


def addresses(screen: Screen) -> list[str]:
    return [str(button.callback_data) for row in screen.buttons for button in row]
