"""A clinic whose patients are written to, with their phones, mailboxes and browsers outside of it.

Nothing of the product is patched: SMS leave by HTTP to a gateway and mails by SMTP, patients open
their pages by HTTP, and what they text comes to the door with a signature.
"""

import asyncio
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlmodel import Session, col

from bot.sms_door import SENT_AT, SIGNATURE, signature
from domain.backfills import Stage
from domain.clock import HandClock
from domain.notices import Channel, NoticeKind, NoticeState
from domain.people import Role
from domain.policies import Policy
from storage import policies, provider_outages
from storage.provider_outages import Down
from storage.tables import Notice, Patient
from tests.e2e.town import NOA, Town, town, watched
from tests.gateways import MailServer, SmsGateway
from tests.hmo import Hmo, join
from tests.storage.offering import Clinic
from tests.waiting import until

SECRET: Final = "what the gateway signs replies with"
LINK: Final = re.compile(r"http://127\.0\.0\.1:\d+/[vos]/[\w-]+")
NAME: Final = "Clinic Galil"


@dataclass
class Outside:
    """The clinic, and the world outside of it.

    Attributes:
        place: The bot and the managers' phones.
        clinic: Short words for what is in the store.
        sms: The gateway, which knows what every phone got.
        mail: The mail server.
        browser: A patient's.
        public_url: Where the pages are.
    """

    place: Town
    clinic: Clinic
    sms: SmsGateway
    mail: MailServer
    browser: httpx.AsyncClient
    public_url: str

    def texts(self, patient: str) -> list[str]:
        """What came to a patient's phone, in order."""
        number = self.phone(patient)
        return [said["message"] for said in self.sms.taken if said["to"] == number]

    def phone(self, patient: str) -> str:
        wanted = select(col(Patient.phone)).where(col(Patient.external_id) == patient)
        return str(self.clinic.all(wanted)[0])

    async def gets(self, patient: str, number: int = 1) -> str:
        """The last of so many texts to a patient, once they have come."""
        await self.soon(lambda: len(self.texts(patient)) >= number)
        return self.texts(patient)[number - 1]

    async def link_of(self, patient: str) -> str:
        """Authorise a patient's slot; the link by which they are asked."""
        self.clinic.authorized(patient)
        return await self.link(patient)

    async def link(self, patient: str, number: int = 1) -> str:
        """The link in the last of so many texts to a patient."""
        return link_in(await self.gets(patient, number))

    async def opens(self, link: str) -> str:
        answer = await self.browser.get(link)
        assert answer.headers["cache-control"] == "no-store"
        return heading(answer.text)

    async def presses(self, link: str, value: str) -> str:
        """Press a button; what the page then says."""
        answer = await self.browser.post(link, data={"answer": value})
        return heading(answer.text)

    async def replies(
        self, patient: str, text: str, secret: str = SECRET, reply_id: str = "r1"
    ) -> int:
        """Send an SMS back; what the door answers."""
        said = {"from": self.phone(patient), "text": text, "id": reply_id}
        content, at = json.dumps(said).encode(), str(int(time.time()))
        proof = {SENT_AT: at, SIGNATURE: signature(secret, at, content)}
        url = f"{self.public_url}/sms"
        headers = proof | {"content-type": "application/json"}
        return (await self.browser.post(url, content=content, headers=headers)).status_code

    async def comes_to(self, backfill: int, stage: Stage) -> None:
        """Wait until a slot has come so far."""
        await self.soon(lambda: self.clinic.backfill(backfill).stage is stage)

    async def soon(self, condition: Any) -> None:
        """Wait for something, with the program looking again and again."""

        def holds() -> bool:
            if self.place.bot is not None:
                self.place.bot.desk.changed.set()
            return bool(condition())

        await until(holds)

    @property
    def down(self) -> list[Down]:
        """The providers of which the bot knows that they take nothing."""
        return self.clinic.store.read_now(provider_outages.down, list(Channel))

    def states(self, kind: NoticeKind) -> list[NoticeState]:
        wanted = select(col(Notice.state)).where(col(Notice.kind) == kind).order_by(col(Notice.id))
        return self.clinic.all(wanted)

    def settle(self, policy: Policy, department_id: int = 1) -> None:
        clinic = self.clinic
        clinic.store.write_now(
            policies.change, clinic.noa, department_id, policy, clinic.clock.now()
        )

    def agree(self, phones: dict[str, str]) -> None:
        """Patients who have agreed to be written to, with their numbers."""

        def work(session: Session) -> None:
            for patient, phone in phones.items():
                mine = update(Patient).where(col(Patient.external_id) == patient)
                session.execute(mine.values(phone=phone, consent=True))

        self.clinic.store.write_now(work)

    def agree_by_mail(self, patient: str, email: str) -> None:
        """A patient who has agreed to be written to, and has no phone."""
        mine = update(Patient).where(col(Patient.external_id) == patient)
        values = mine.values(phone=None, email=email, consent=True)
        self.clinic.store.write_now(lambda session: session.execute(values))


@contextlib.asynccontextmanager
async def outside(folder: Path, clock: HandClock) -> AsyncIterator[Outside]:
    """The clinic with the bot not yet at work; Noa manages it, and has written to the bot before.

    Three patients at risk in Cardiology come in 4, 5 and 6 days, one in Dermatology in 4.
    """
    hmo = Hmo(clock.now())
    for number in (1, 2, 3):
        hmo.regular(f"p{number}", 3, coming=3 + number)
    hmo.regular("d1", 3, coming=4, department="Dermatology")
    for number in range(1, 4):
        hmo.regular(f"w{number}", 0, coming=20 + number)
    async with contextlib.AsyncExitStack() as stack:
        place = await stack.enter_async_context(town(folder, clock, hmo))
        sms = await stack.enter_async_context(SmsGateway().running())
        mail = await stack.enter_async_context(MailServer().running())
        browser = httpx.AsyncClient(follow_redirects=True, trust_env=False, timeout=30)
        await stack.enter_async_context(browser)
        public_url = watched(place)
        place.settings = place.settings.model_copy(
            update={
                "public_url": public_url,
                "hmo_name": NAME,
                "sms_url": SecretStr(sms.url),
                "email_url": SecretStr(mail.url),
                "sms_webhook_secret": SecretStr(SECRET),
                "quiet_hours": "00:00-00:00",
            }
        )
        noa = join(place.store, Role.MANAGER, NOA.user_id, "Noa", clock.now())
        place.noa.chat.started = True
        clinic = Clinic(place.store, clock, noa, place.settings.house)
        found = Outside(place, clinic, sms, mail, browser, public_url)
        phones = {f"p{number}": f"+97252555010{number}" for number in (1, 2, 3)}
        found.agree(phones | {"d1": "+972525550104"})
        yield found


def link_in(text: str) -> str:
    """The first link of a message."""
    found = LINK.search(text)
    assert found is not None
    return found[0]


def heading(page: str) -> str:
    """What a page says first."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert found is not None
    return found[1]


async def together(*work: Any) -> list[Any]:
    """All at once."""
    return list(await asyncio.gather(*work))


def all_of(states: Iterable[NoticeState], state: NoticeState) -> bool:
    """Whether there is any, and all have come so far."""
    found = list(states)
    return bool(found) and set(found) == {state}
