"""A CSV sent to the bot by an admin: taken in, and reported on."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from telegram import Document, Update
from telegram.constants import ChatAction, FileSizeLimit

from domain.people import Right
from handlers import words
from handlers.context import Context
from handlers.screens import Visit
from storage.feeds.importing import import_file
from storage.feeds.mapping import Mapping
from storage.feeds.report import ImportRefused, ImportReport


async def on_document(update: Update, context: Context) -> None:
    """Import the file; the report comes back as a message, the rejects as a document.

    Raises:
        Refused: The member may not load data.
    """
    message, visit = update.message, context.visit
    document = message.document if message else None
    if message is None or document is None:
        return
    visit.member.require(Right.IMPORT)
    gateway, chat_id = visit.desk.gateway, message.chat_id
    if (document.file_size or 0) > int(FileSizeLimit.FILESIZE_DOWNLOAD):
        await gateway.say(
            chat_id,
            "Telegram hands bots files of up to 20 MB. Pack it with gzip, split it, "
            "or use <code>slotwise import</code> on the server.",
        )
        return
    await gateway.busy(chat_id, ChatAction.TYPING)
    visit.desk.data_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="upload-", dir=visit.desk.data_dir) as folder:
        source, rejects = Path(folder, "upload"), Path(folder, "rejects.csv")
        await _download(context, document, source)
        name = words.cut(document.file_name or "file", 60)
        try:
            report = await asyncio.to_thread(_take_in, visit, source, rejects, name)
        except ImportRefused as refusal:
            await gateway.say(chat_id, _refused(name, refusal))
        else:
            await gateway.say(chat_id, _report(report))
            visit.desk.changed.set()
        refused = await asyncio.to_thread(_content, rejects)
        if refused:
            await gateway.document(
                visit.member,
                refused,
                f"{Path(name).stem}.rejects.csv",
                "The rows that could not be used, each with its reason. "
                "Correct them and send the file again.",
            )


async def _download(context: Context, document: Document, target: Path) -> None:
    file = await context.bot.get_file(document.file_id)
    await file.download_to_drive(target)


def _take_in(visit: Visit, source: Path, rejects: Path, name: str) -> ImportReport:
    desk = visit.desk
    return import_file(
        desk.store,
        source,
        name=name,
        mapping=Mapping(),
        calendar=desk.house.calendar,
        now=desk.clock.now(),
        chance=np.random.default_rng(),
        rejects=rejects,
        member_id=visit.member.id,
    )


def _content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _refused(name: str, refusal: ImportRefused) -> str:
    """Why nothing came in; names of columns can be mapped on the command line alone."""
    told = f"{words.bold(name)} was not imported: {words.plain(str(refusal))}"
    if refusal.on_server:
        told += ". Rename the columns in its first line and send it again."
    return told


def _report(report: ImportReport) -> str:
    first, *rest = report.lines()
    return "\n".join([words.bold(first), *map(words.plain, rest)])
