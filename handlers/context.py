"""The typed context that every handler gets."""

from typing import Any, cast

from telegram.ext import Application, CallbackContext, ExtBot

from domain.people import Member
from handlers.desk import Desk
from handlers.screens import Visit

Bag = dict[Any, Any]


class Context(CallbackContext[ExtBot[None], Bag, Bag, Bag]):
    """PTB's context with the desk, and the member whom the guard let in.

    Attributes:
        answered: The press was answered; whatever comes after needs a message of its own.
        member: Who sent the update; `None` for a stranger, of whom only `/start` is answered.
    """

    answered: bool = False
    member: Member | None = None

    @property
    def desk(self) -> Desk:
        """What handlers work with."""
        return cast(Desk, self.application.bot_data["desk"])

    @property
    def visit(self) -> Visit:
        """The visit of the member.

        Raises:
            PermissionError: Nobody was let in; the guard has been left out.
        """
        if self.member is None:
            raise PermissionError("no member was let in")
        return Visit(self.desk, self.member)


App = Application[ExtBot[None], Context, Bag, Bag, Bag, Any]
