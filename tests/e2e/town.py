"""A whole small town for end-to-end tests: an HMO, its people with phones, and the bot at work.

Nothing of the product is patched: the bot talks real HTTP to the strict Bot API server.
"""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col

from bot.app import Running, running
from bot.demo.server import BotApiServer, Limits, Person, Phone
from bot.serving import listen
from bot.settings import GivenSettings, Settings
from domain.clock import HandClock
from domain.people import Role
from storage import invitations
from storage.store import Store
from storage.tables import AuditEntry
from tests.databases import with_tables
from tests.hmo import Hmo

TOKEN = "1000001:made-up-token-for-the-tests"
DANA = Person(1001, "Dana")
NOA = Person(1002, "Noa")
AVI = Person(1003, "Avi")
ROOT = Person(1004, "Root")
STRANGER = Person(1009, "Stranger")

Message = dict[str, Any]


@dataclass
class Town:
    server: BotApiServer
    store: Store
    clock: HandClock
    settings: Settings
    bot: Running | None = None
    network: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @property
    def dana(self) -> Phone:
        """Staff."""
        return self.server.person(DANA.user_id)

    @property
    def noa(self) -> Phone:
        """A manager of everything."""
        return self.server.person(NOA.user_id)

    @property
    def avi(self) -> Phone:
        """A manager of Cardiology."""
        return self.server.person(AVI.user_id)

    @property
    def root(self) -> Phone:
        """An admin."""
        return self.server.person(ROOT.user_id)

    @property
    def stranger(self) -> Phone:
        """Somebody who was not invited."""
        return self.server.person(STRANGER.user_id)

    @contextlib.asynccontextmanager
    async def bot_at_work(self) -> AsyncIterator[Running]:
        """The bot, from its start to its graceful end."""
        async with running(self.settings, self.clock) as bot:
            self.bot = bot
            yield bot
        self.bot = None

    async def network_goes(self) -> None:
        """Telegram cannot be reached until `network_comes_back`; it keeps what people write."""
        await self.network.aclose()

    async def network_comes_back(self) -> None:
        """Telegram is where it was."""
        await self.network.enter_async_context(self.server.running(self.server.port))

    async def everybody_joins(self) -> None:
        """All but the stranger redeem an invitation."""
        for phone, role, departments in (
            (self.dana, Role.STAFF, ()),
            (self.noa, Role.MANAGER, ()),
            (self.avi, Role.MANAGER, ("Cardiology",)),
            (self.root, Role.ADMIN, ()),
        ):
            code = self.store.write_now(invitations.invite, role, departments, self.clock.now())
            await phone.says(f"/start {code}")
            await phone.sees("Welcome")


@contextlib.asynccontextmanager
async def town(
    folder: Path, clock: HandClock, hmo: Hmo, *, limits: Limits | None = None, url: str = ""
) -> AsyncIterator[Town]:
    """A town with the bot not yet at work."""
    database = url or f"sqlite:///{folder / 'town.db'}"
    store = with_tables(database)
    hmo.load(store)
    server = BotApiServer(
        TOKEN, people=[DANA, NOA, AVI, ROOT, STRANGER], clock=clock, limits=limits
    )
    async with contextlib.AsyncExitStack() as network:
        base_url = await network.enter_async_context(server.running())
        settings = GivenSettings.model_validate(
            {
                "bot_token": TOKEN,
                "bot_api_url": base_url,
                "database_url": database,
                "timezone": "Asia/Jerusalem",
                "data_dir": folder,
            }
        )
        yield Town(server, store, clock, settings, network=network)
    store.close()


def labels(message: Message) -> list[list[str]]:
    """The words on a message's buttons, row by row."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [[button["text"] for button in row] for row in rows]


def all_labels(message: Message) -> list[str]:
    """The same in one list."""
    return [label for row in labels(message) for label in row]


def body(message: Message) -> str:
    """What a message says."""
    return str(message.get("text") or message.get("caption") or "")


def a_small_hmo(now: datetime) -> Hmo:
    """Twelve high-risk appointments in two departments, and some that are not."""
    hmo = Hmo(now)
    for number in range(12):
        department = "Cardiology" if number % 2 else "Dermatology"
        age = 20 + 5 * number
        hmo.regular(
            f"p{number}", 2 + number % 4, coming=0.2 + number / 2, department=department, age=age
        )
    for number in range(8):
        hmo.regular(f"steady{number}", number % 2, coming=1.5, department="Cardiology")
    for number in range(60):
        status = "noshow" if number % 7 == 0 else "fulfilled"
        hmo.visit(f"past{number}", -5 - number % 30, status, department="Cardiology", age=45)
        hmo.visit(f"gone{number}", -5 - number % 30, "fulfilled", department="Dermatology", age=25)
    return hmo


def with_button(message: Message, data: str) -> Message:
    """The message as if it had a button "old" with this data: one from long ago, or made up."""
    keyboard = {"inline_keyboard": [[{"text": "old", "callback_data": data}]]}
    return {"message_id": message["message_id"], "reply_markup": keyboard}


def shows(*parts: str) -> Callable[[Message], bool]:
    """A condition: the message says all of this."""
    return lambda message: all(part in body(message) for part in parts)


def offers(message: Message, label: str) -> bool:
    """Whether a message has a button with these words."""
    return label in all_labels(message)


def decided(store: Store) -> str:
    """Everything that decisions change, in one text."""

    def work(session: Session) -> str:
        tables = [SQLModel.metadata.tables[name] for name in ("appointment", "action", "batch")]
        return repr([session.execute(select(table)).all() for table in tables])

    return store.read_now(work)


def watched(place: Town, *, webhook: bool = False) -> str:
    """Give the bot a port for its pages, and for Telegram's calls if wanted; where they are."""
    with listen(0) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    hook = f"{url}/telegram" if webhook else ""
    place.settings = place.settings.model_copy(update={"web_port": port, "webhook_url": hook})
    return url


async def turned(
    phone: Phone, shown: Message, button: str, to: str, *, label: bool = False
) -> Message:
    """Press a button, and wait until the same message shows (or offers) something."""

    def there(message: Message) -> bool:
        said = all_labels(message) if label else body(message)
        return message["message_id"] == shown["message_id"] and to in said

    since = phone.now()
    await phone.presses(shown, button)
    return await phone.sees(there, since=since)


def events(session: Session) -> list[str]:
    """What stands in the audit trail, oldest first."""
    return list(session.scalars(select(col(AuditEntry.event)).order_by(col(AuditEntry.id))))
