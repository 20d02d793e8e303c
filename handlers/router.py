"""The router: which screen or act answers to which address. One place knows them all."""

import asyncio
from types import MappingProxyType
from typing import Final

from sqlalchemy.exc import NoResultFound
from telegram import CallbackQuery, Message, Update
from telegram.constants import ChatAction

from domain.people import Refused, Right
from handlers import (
    advice,
    audit_trail,
    availability,
    balance,
    balance_slots,
    balance_view,
    batch,
    call_history,
    call_list,
    calling,
    capacity,
    card,
    corrected,
    corrections,
    deliveries,
    department_pick,
    efficiency,
    fairness,
    filled,
    heatmap,
    invitations,
    managing,
    model,
    model_news,
    people,
    policies,
    risk_list,
    sent_plan,
    settings,
    start,
    summary,
    to_confirm,
    transfers,
    trial,
    waitlist,
    words,
)
from handlers.addresses import UnknownAddress, split, whole
from handlers.context import Context
from handlers.screens import Actor, Answer, Screen, ScreenMaker, Visit
from storage import actions, batches, open_messages, refusals

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
        filled.FILLED: filled.filled,
        batch.BATCH: batch.batch,
        batches.PUSHED_BATCH: batch.batch_told,
        risk_list.EFFICIENCY: efficiency.efficiency_screen,
        heatmap.HEATMAP: heatmap.heatmap,
        heatmap.BY_DEPARTMENT: heatmap.choose_department,
        summary.SUMMARY: summary.summary,
        people.PEOPLE: people.everybody,
        people.MEMBER: people.member,
        people.ROLE: people.choose_role,
        people.PLACES: people.choose_places,
        people.SUSPEND: people.ask_to_suspend,
        people.YOU: people.you,
        people.STRANGER: people.stranger,
        people.INVITE: invitations.choose_role,
        people.INVITATIONS: invitations.open_invitations,
        invitations.INVITATION: invitations.invitation,
        call_list.BY_DEPARTMENT: call_list.choose_department,
        call_list.CALLS: call_list.call_list,
        call_history.GIVE_BACK: calling.give_back,
        call_list.TO_CONFIRM: to_confirm.to_confirm,
        corrections.WRONG: corrections.wrong,
        corrections.RECORD: corrections.record,
        corrected.REPORT: corrected.report,
        department_pick.WAITLIST: waitlist.waiting_list,
        department_pick.WAITLIST_DEPARTMENTS: waitlist.choose_department,
        department_pick.AVAILABILITY: availability.availability,
        department_pick.AVAILABILITY_DEPARTMENTS: availability.choose_department,
        balance_view.BALANCE: balance.balance,
        balance_view.SLOTS: balance_slots.slots,
        balance_view.BY_DEPARTMENT: balance.choose_department,
        balance_view.LEAVE: balance.leave,
        balance_view.SENT: sent_plan.sent_plan,
        balance_view.ADVICE: advice.advice,
        balance_view.ADVICE_BY_DEPARTMENT: advice.choose_department,
        settings.SETTINGS: settings.settings,
        settings.TIMES: settings.times,
        settings.CAPACITIES: capacity.choose_department,
        capacity.CAPACITY: capacity.choose_number,
        settings.POLICIES: policies.choose_department,
        policies.POLICY: policies.choose_policy,
        model.MODEL: model.model,
        model.CHART: model.chart,
        model.ROLL_BACK: model.ask_to_roll_back,
        model.FAIRNESS: fairness.fairness,
        audit_trail.TRAIL: audit_trail.audit_trail,
        audit_trail.BY_PERSON: audit_trail.choose_person,
        deliveries.DELIVERIES: deliveries.delivery_list,
        deliveries.LETTER: deliveries.delivery,
        deliveries.RESEND_ALL: deliveries.ask_to_resend_all,
        model_news.NEWS: model_news.news,
        trial.TRIAL: trial.trial,
        trial.START: trial.ask_to_start,
        trial.STOP: trial.ask_to_stop,
    }
)

ACTS: Final[MappingProxyType[str, Actor]] = MappingProxyType(
    {
        card.ACT: transfers.act,
        risk_list.DRAFT: batch.draft,
        batch.CONFIRM: batch.confirm,
        batch.CANCEL: batch.cancel,
        batch.UNDO: batch.undo,
        balance_view.SEND: balance.send,
        people.SET_ROLE: managing.set_role,
        people.SET_PLACES: managing.set_places,
        people.SUSPEND_NOW: managing.suspend,
        people.REINSTATE: managing.reinstate,
        invitations.NEW: invitations.begin,
        invitations.SET_INVITED: invitations.limit,
        invitations.MAKE_LINK: invitations.make_link,
        invitations.REVOKE: invitations.revoke,
        start.TAKE_ROLE: start.take_role,
        call_list.TODAY: call_list.today,
        call_list.OPEN: call_list.open_today,
        call_list.ADD: call_list.add_new,
        call_history.NOTE: calling.note,
        call_history.UNDO: calling.undo,
        corrections.EXCUSE: corrections.excuse,
        corrections.UNDO: corrections.undo,
        settings.CHOOSE: settings.choose,
        capacity.SET: capacity.choose,
        policies.SET: policies.choose,
        model.ROLL_BACK_NOW: model.roll_back,
        deliveries.RESEND: deliveries.resend,
        deliveries.DROP: deliveries.drop,
        deliveries.RESEND_NOW: deliveries.resend_all,
        trial.START_NOW: trial.start,
        trial.STOP_NOW: trial.stop,
    }
)

OLD_BUTTON: Final = (
    "This button is from an older message. Send the command again; /help lists them all."
)
_WHO_CAN: Final = MappingProxyType(
    {
        Right.SEE: ("people with access to {to}", "see this"),
        Right.PROPOSE: ("staff and managers{of}", "make and withdraw proposals"),
        Right.DECIDE: ("managers{of}", "decide about this"),
        Right.CALL: ("staff and managers{of}", "see call lists and note calls"),
        Right.CORRECT: ("staff and managers{of}", "correct this"),
        Right.AUDIT: ("managers and admins", "see this"),
        Right.IMPORT: ("admins", "load data"),
        Right.PEOPLE: ("admins", "manage people"),
        Right.DELIVERIES: ("admins", "see and resend what was not delivered"),
        Right.MODEL: ("admins", "put another model in charge"),
    }
)
"""Who has each right and what it lets them do, in words that fit every press that takes it."""
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
    draws = any(it.is_slow(address) for it in (heatmap, model))
    if draws or any(it.is_slow(visit.member, address) for it in (summary, balance)):
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
    """Who can do it: `Only managers of Cardiology can decide about this.`, on one line."""
    who, what = _WHO_CAN[refusal.right]
    of = f" of {refusal.department}" if refusal.department else ""
    to = refusal.department or "that department"
    return f"Only {refusal.who or who.format(of=of, to=to)} can {what}."


async def note_refusal(visit: Visit, refusal: Refused) -> None:
    """Record what a member was refused."""
    now = visit.desk.clock.now()
    await visit.desk.store.write(refusals.of_member, visit.member, now, refusal)


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
    await note_refusal(visit, error)
    return refusal_words(error)


async def _on_reply(visit: Visit, replied: Message, text: str) -> str | None:
    store = visit.desk.store
    address = await store.read(open_messages.address_of, visit.member.chat_id, replied.message_id)
    word, arguments = split(address or "")
    if word == card.WHY:
        return words.plain(await transfers.decline_typed(visit, whole(arguments[0]), text))
    if word == risk_list.CARD:
        key, now = whole(arguments[0]), visit.desk.clock.now()
        noted = await store.write(actions.add_note, visit.member, key, text, now)
        visit.desk.changed.set()
        return "Noted on your proposal." if noted else None
    return None
