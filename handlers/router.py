"""The router: which screen or act answers to which address. One place knows them all."""

import asyncio
from types import MappingProxyType
from typing import Final

from sqlalchemy.exc import NoResultFound
from sqlmodel import Session
from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatAction

from domain.people import Refused, Right
from handlers import (
    batch,
    card,
    deliveries,
    efficiency,
    heatmap,
    risk_list,
    summary,
    transfers,
    words,
)
from handlers.addresses import UnknownAddress, split, whole
from handlers.context import Context
from handlers.screens import Actor, Answer, Screen, ScreenMaker, Visit
from storage import actions, audit, batches, open_messages

SCREENS: Final[MappingProxyType[str, ScreenMaker]] = MappingProxyType(
    {
        risk_list.LIST: risk_list.risk_list,
        risk_list.BY_DEPARTMENT: risk_list.choose_department,
        risk_list.BY_AGE: risk_list.choose_age,
        risk_list.BY_WINDOW: risk_list.choose_window,
        risk_list.CARD: card.card,
        card.FIND: card.find,
        card.WHY: transfers.why,
        transfers.PENDING: transfers.pending,
        actions.PUSHED_PROPOSAL: transfers.proposal,
        actions.PUSHED_DECISION: transfers.told,
        batch.BATCH: batch.batch,
        batches.PUSHED_BATCH: batch.batch_told,
        risk_list.EFFICIENCY: efficiency.efficiency_screen,
        heatmap.HEATMAP: heatmap.heatmap,
        heatmap.BY_DEPARTMENT: heatmap.choose_department,
        summary.SUMMARY: summary.summary,
        deliveries.DELIVERIES: deliveries.delivery_list,
        deliveries.LETTER: deliveries.delivery,
    }
)

ACTS: Final[MappingProxyType[str, Actor]] = MappingProxyType(
    {
        card.ACT: transfers.act,
        risk_list.DRAFT: batch.draft,
        batch.CONFIRM: batch.confirm,
        batch.CANCEL: batch.cancel,
        batch.UNDO: batch.undo,
        deliveries.RESEND: deliveries.resend,
        deliveries.DROP: deliveries.drop,
    }
)

OLD_BUTTON: Final = "This button is from an older message. Send /risk for a fresh list."
UNKNOWN_TEXT: Final = "I did not understand that. /help lists what I can do."


async def open_screen(visit: Visit, address: str) -> Screen:
    """The screen at an address.

    Raises:
        UnknownAddress: There is none, or what it was about is gone.
        Refused: The visitor may not see it.
    """
    word, arguments = split(address)
    if word not in SCREENS:
        raise UnknownAddress(address)
    visit.member.require(Right.SEE)
    try:
        return await SCREENS[word](visit, arguments)
    except (IndexError, NoResultFound) as error:
        raise UnknownAddress(address) from error


async def on_press(update: Update, context: Context) -> None:
    """A button was pressed: do or open what its address says, in place."""
    query = update.callback_query
    if query is None:
        return
    message = query.message if isinstance(query.message, Message) else None
    place = (message.chat_id, message.message_id) if message else (0, 0)
    async with context.desk.gateway.turn(*place):
        await _press(context, query, message)


async def _press(context: Context, query: CallbackQuery, message: Message | None) -> None:
    visit, address = context.visit, query.data or ""
    gateway = visit.desk.gateway
    if heatmap.is_slow(address):
        context.answered = True
        await gateway.answer(query)
        await gateway.busy(visit.member.chat_id, ChatAction.UPLOAD_PHOTO)
    try:
        answer = await _answer(visit, address)
    except (UnknownAddress, Refused) as error:
        said = await _why_not(visit, error)
        if context.answered:
            await gateway.say(visit.member.chat_id, words.plain(said))
        else:
            await gateway.answer(query, said, alert=True)
        return
    showing = gateway.show(visit.member, message, answer.screen)
    if context.answered:
        await showing
        return
    # Side by side: the way to Telegram is most of what a person waits for.
    context.answered = True
    answering = gateway.answer(query, answer.toast, alert=answer.alert)
    for outcome in await asyncio.gather(showing, answering, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def on_text(update: Update, context: Context) -> None:
    """Words that are no command: a note or a reason, if they reply to a message; else help."""
    message, visit = update.message, context.visit
    if message is None:
        return
    gateway = visit.desk.gateway
    if message.reply_to_message and message.text:
        said = await _on_reply(visit, message.reply_to_message, message.text)
        if said:
            await gateway.say(message.chat_id, said)
            return
    await gateway.say(message.chat_id, UNKNOWN_TEXT)


def refusal_words(refusal: Refused) -> str:
    """Who can do what was refused."""
    where = f" of {refusal.department}" if refusal.department else ""
    return {
        Right.SEE: f"Only members{where or ' of that department'} can see this.",
        Right.PROPOSE: f"Only staff and managers{where} can propose this.",
        Right.DECIDE: f"Only managers{where} can authorize this.",
        Right.CALL: f"Only staff and managers{where} can record calls.",
        Right.CORRECT: f"Only staff and managers{where} can correct this.",
        Right.AUDIT: "Only managers and admins can see the audit trail.",
        Right.IMPORT: "Only admins can load data.",
        Right.PEOPLE: "Only admins can manage people.",
        Right.DELIVERIES: "Only admins can see what was not delivered.",
    }[refusal.right]


async def _answer(visit: Visit, address: str) -> Answer:
    word, arguments = split(address)
    if word not in ACTS:
        return Answer(await open_screen(visit, address))
    try:
        return await ACTS[word](visit, arguments)
    except (IndexError, NoResultFound) as error:
        raise UnknownAddress(address) from error


async def _why_not(visit: Visit, error: UnknownAddress | Refused) -> str:
    if isinstance(error, UnknownAddress):
        return OLD_BUTTON
    await visit.desk.store.write(_audit_refusal, visit, error)
    return refusal_words(error)


async def _on_reply(visit: Visit, replied: Message, text: str) -> str | None:
    store = visit.desk.store
    address = await store.read(open_messages.address_of, visit.member.chat_id, replied.message_id)
    word, arguments = split(address or "")
    if word == card.WHY:
        return words.plain(await transfers.decline_typed(visit, whole(arguments[0]), text))
    if word == risk_list.CARD:
        noted = await store.write(actions.add_note, visit.member, whole(arguments[0]), text)
        visit.desk.changed.set()
        return "Noted on your proposal." if noted else None
    return None


def _audit_refusal(session: Session, visit: Visit, refusal: Refused) -> None:
    audit.record(
        session,
        "refused",
        at=visit.desk.clock.now(),
        member_id=visit.member.id,
        right=refusal.right,
        department=refusal.department,
    )
