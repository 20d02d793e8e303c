"""Logging: structured lines on standard error, and no secret in any of them."""

import logging
import re
import sys
from typing import Final

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.settings import LogFormat

_SECRETS: Final = re.compile(
    r"(?:bot)?\d{5,}:[\w-]{20,}"  # a token
    r"|(?P<before>://[^:/@\s]*:)[^@\s]+(?P<after>@)"  # a password in an address
    r"|(?P<page>/[vos]/)[\w-]{39}"  # a patient's link
    r"|(?P<start>/start(?:@\w+)?\s+|[?&]start=|password=)[^\s&\"']+"  # an invitation, a password
)
_SHORTEST: Final = 8
_hidden: set[str] = set()

_QUIET: Final = (
    "telegram",
    "httpx",
    "httpcore",
    "apscheduler",
    "kaleido",
    "choreographer",
    "logistro",
    "uvicorn",
    "alembic",
)


def hide(secret: str) -> None:
    """Let no line that is logged from now on hold this secret, whatever it looks like.

    A very short one stays: taking it out would spoil every line, and show it by its absence.
    """
    if len(secret) >= _SHORTEST:
        _hidden.add(secret)


def redact(text: str) -> str:
    """Take tokens, passwords, invitations, patients' links and whatever is hidden out of a text."""
    for secret in _hidden:
        text = text.replace(secret, "…")
    return _SECRETS.sub(_without, text)


def _without(found: re.Match[str]) -> str:
    if found["before"]:
        return f"{found['before']}…{found['after']}"
    return f"{found['page'] or found['start'] or 'bot'}…"


def start_logging(style: LogFormat) -> None:
    """Send all log lines, those of libraries included, through one redacting formatter."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Redacting(foreign_pre_chain=shared, processors=_finish(style)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("telegram.ext.Updater").addFilter(_in_one_line)


def _in_one_line(record: logging.LogRecord) -> bool:
    """Of a network that is away the library tells by a traceback, which says nothing more."""
    record.exc_info = None
    return True


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """Redacts the finished line, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def _finish(style: LogFormat) -> list[structlog.typing.Processor]:
    if style is LogFormat.JSON:
        return [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        _plain_traceback,
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]


def _plain_traceback(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Tracebacks without the values of variables, which may be patients' rows."""
    return structlog.processors.format_exc_info(_logger, _name, event)
