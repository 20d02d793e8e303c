"""Patients: how the running program writes to them, and where their answers come in."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.routing import BaseRoute, Mount

from bot.channels import Channels, Watch
from bot.doors import Doors, Offers
from bot.logs import hide
from bot.messenger import Messenger, Sender
from bot.settings import Settings
from bot.sms_door import PATH, Reply, SmsDoor, twilio_token
from domain.notices import Channel
from handlers.desk import Desk
from handlers.patients.ways import Reachable
from storage import offers, replies

OFFERS: Final = Offers(offers.look, offers.accept, offers.decline)


@dataclass(frozen=True)
class Patients:
    """All that has to do with patients themselves.

    Attributes:
        routes: Their pages and the door for replies; none where they have no public address.
    """

    channels: Channels
    messenger: Messenger
    routes: list[BaseRoute] = field(default_factory=list)


def reach_patients(settings: Settings, desk: Desk, watch: Watch) -> Patients:
    """Put together what writes to patients and takes their answers.

    Args:
        settings: The providers, the public address and the secrets.
        desk: What all work with.
        watch: Told of every message that is tried.

    Raises:
        bot.settings.WrongSetting: A provider's URL cannot be used.
    """
    hide(settings.link_secret.get_secret_value())
    channels = Channels(settings.provider_urls, watch)
    door = _sms_door(settings, desk)
    takes_replies = door is not None and channels.has(Channel.SMS)
    ways = Reachable(settings.public_url, settings.link_key, takes_replies)
    sender = Sender(settings.hmo_name, ways, settings.phone_country)
    routes: list[BaseRoute] = []
    if settings.public_url:
        routes = [door.route] if door else []
        routes.append(_pages(settings, desk))
    return Patients(channels, Messenger(desk, channels, sender), routes)


def _pages(settings: Settings, desk: Desk) -> BaseRoute:
    """The pages, at the path of the public address, which a proxy passes on as it is."""
    doors = Doors(
        desk.store,
        OFFERS,
        desk.house,
        desk.clock,
        settings.link_key,
        settings.hmo_name,
        desk.changed.set,
    )
    return Mount(urlsplit(settings.public_url).path, routes=doors.routes())


def _sms_door(settings: Settings, desk: Desk) -> SmsDoor | None:
    """The door for replies, if calls to it can be proven."""
    secret = settings.sms_webhook_secret.get_secret_value()
    token = twilio_token(settings.sms_url.get_secret_value())
    if not settings.public_url or not (secret or token):
        return None
    for each in (secret, token):
        hide(each)

    async def took(reply: Reply) -> None:
        about = (reply.sender, reply.text, reply.id, desk.house, desk.clock.now())
        await desk.store.write(replies.take_reply, *about)
        desk.changed.set()

    return SmsDoor(secret, settings.public_url + PATH, settings.phone_country, took, token)
