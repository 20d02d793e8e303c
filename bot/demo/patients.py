"""The demo's patients: whose phone an address is, and how what they write back gets to Slotwise."""

import json
import time
import uuid
from typing import Final

import httpx
from sqlmodel import Session, col, select

from bot.demo.server import Inboxes, Patients
from bot.sms_door import PATH, SENT_AT, SIGNATURE, signature
from domain.clock import Clock
from domain.notices import Channel
from storage.store import Store
from storage.tables import Patient

_WITHIN: Final = 10.0
"""Seconds that the door may take to answer."""


def patients_of(store: Store, clock: Clock, pages: str, secret: str) -> Patients:
    """The phones of a sample HMO's patients.

    Args:
        store: The demo's database.
        clock: The demo's.
        pages: Where patients' pages, and the door for replies, are.
        secret: Signs their replies.
    """

    async def named(channel: Channel, address: str) -> str:
        return await store.read(_reference, channel, address)

    async def reply(sender: str, text: str) -> bool:
        return await _write_back(pages + PATH, secret, sender, text)

    return Patients(Inboxes(clock, named), reply, pages)


def _reference(session: Session, channel: Channel, address: str) -> str:
    owns = Patient.phone if channel is Channel.SMS else Patient.email
    found = session.exec(select(Patient.reference).where(col(owns) == address)).first()
    return found or "?"


async def _write_back(door: str, secret: str, sender: str, text: str) -> bool:
    """Bring an SMS to the door as a provider does, signed; whether it was taken."""
    body = json.dumps({"from": sender, "text": text, "id": uuid.uuid4().hex}).encode()
    at = str(int(time.time()))  # the real time: a provider knows of no time travel
    headers = {
        "Content-Type": "application/json",
        SENT_AT: at,
        SIGNATURE: signature(secret, at, body),
    }
    try:
        async with httpx.AsyncClient(timeout=_WITHIN, trust_env=False) as client:
            answer = await client.post(door, content=body, headers=headers)
    except httpx.HTTPError:
        return False
    return answer.is_success
