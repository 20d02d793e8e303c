"""A strict local Bot API server: what Telegram enforces, with no Telegram.

The demo and the end-to-end tests let the real bot talk to it over real HTTP:

    server = BotApiServer("1000001:demo", people=[Person(1001, "Dana")])
    async with server.running() as base_url:
        ...  # a bot with base_url=server.bot_url, base_file_url=server.file_url
        await server.person(1001).says("/risk")
        message = await server.person(1001).sees("High-risk")
        await server.person(1001).presses(message, "Next ›")
"""

from bot.demo.server.faults import Fault
from bot.demo.server.group import Group
from bot.demo.server.inboxes import Inboxes
from bot.demo.server.journal import Call
from bot.demo.server.limits import Limits
from bot.demo.server.outside import Leap, Outside
from bot.demo.server.patients import Patients
from bot.demo.server.people import Person
from bot.demo.server.phone import PATIENCE, Phone
from bot.demo.server.server import BotApiServer

__all__ = [
    "PATIENCE",
    "BotApiServer",
    "Call",
    "Fault",
    "Group",
    "Inboxes",
    "Leap",
    "Limits",
    "Outside",
    "Patients",
    "Person",
    "Phone",
]
