"""Open a feed: plain or packed, of any accepted encoding, in bounded memory."""

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from storage.feeds.report import ImportRefused

ENCODINGS: Final = {
    "utf-8": "utf-8",
    "windows-1255": "cp1255",
    "windows-1252": "cp1252",
}
"""The encodings a person can name, and what Python calls them."""

RECORD_AT_MOST: Final = 64 * 1024
"""Bytes of one row, its quoted line breaks included. No row of appointments comes near."""

COLUMNS_AT_MOST: Final = 200
_DELIMITERS: Final = ",;\t"
_RATIO_AT_MOST: Final = 150
"""Times that a packed file may grow; schedules pack 5 to 20 times."""

_RATIO_FROM: Final = 16 * 1024 * 1024
_RATIO_EVERY: Final = 1024 * 1024

_GZIP: Final = b"\x1f\x8b"
_OTHER_KINDS: Final = (
    (b"PK\x03\x04", "is a ZIP file or an Excel workbook: save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook: save the sheet as CSV"),
    (b"%PDF", "is a PDF: a CSV file is needed"),
    (b"\xff\xfe", "is UTF-16 text: save it as CSV UTF-8"),
    (b"\xfe\xff", "is UTF-16 text: save it as CSV UTF-8"),
    (b"<", "is a web page or XML: a CSV file is needed"),
    (_GZIP, "is packed twice: unpack it once"),
)


class _Tap(io.RawIOBase):
    """Counts and digests the bytes of a file as they are read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.digest = hashlib.sha256()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self._source.read(len(view))
        view[: len(data)] = data
        self.digest.update(data)
        self.count += len(data)
        return len(data)


class Feed:
    """A CSV file being read.

    Attributes:
        header: The names of the columns, as they stand in the file.
    """

    def __init__(self, stream: io.BufferedReader, tap: _Tap, encoding: str) -> None:
        self._stream = stream
        self._tap = tap
        self._encoding = encoding
        self._line = 0
        self._room = RECORD_AT_MOST
        lines = self._lines()
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            raise ImportRefused("the file is empty")
        self._rows = csv.reader(chain([first], lines), delimiter=_delimiter(first), strict=True)
        self.header = self._read_header()

    @property
    def bytes_read(self) -> int:
        """How much of the file, as it was given, has been read."""
        return self._tap.count

    @property
    def sha256(self) -> str:
        """The digest of what was read so far, in hexadecimal digits."""
        return self._tap.digest.hexdigest()

    def rows(self) -> Iterator[tuple[int, list[str] | None]]:
        """Each row's first line number and its cells; `None` for a row with misplaced quotes.

        Raises:
            ImportRefused: The file is damaged, decodes wrongly or holds an endless row.
        """
        while True:
            first = self._line + 1
            self._room = RECORD_AT_MOST
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except csv.Error as error:
                if "unexpected end of data" in str(error):
                    raise ImportRefused(
                        f"a quote that is opened in line {first} is never closed"
                    ) from None
                yield first, None
                continue
            if cells:
                yield first, cells

    def _read_header(self) -> list[str]:
        try:
            cells = [cell.strip() for cell in next(self._rows)]
        except csv.Error:
            raise ImportRefused("the header line has misplaced quotes or line ends") from None
        if len(cells) > COLUMNS_AT_MOST:
            raise ImportRefused(
                f"the header has {len(cells):,} columns; {COLUMNS_AT_MOST} are possible"
            )
        return [cell or f"column {place}" for place, cell in enumerate(cells, 1)]

    def _lines(self) -> Iterator[str]:
        """The decoded lines. `rows` gives every row anew the room it may take."""
        encoding, readline = self._encoding, self._stream.readline
        unpacked, check_at = 0, _RATIO_FROM
        try:
            while raw := readline(RECORD_AT_MOST + 1):
                self._line += 1
                self._room -= len(raw)
                if self._room < 0:
                    raise ImportRefused(
                        f"the row around line {self._line} takes more than"
                        f" {RECORD_AT_MOST // 1024} KiB: a quote is left open, or it is no CSV"
                    )
                unpacked += len(raw)
                if unpacked > check_at:
                    check_at += _RATIO_EVERY
                    self._refuse_a_bomb(unpacked)
                yield raw.decode(encoding)
        except UnicodeDecodeError:
            raise ImportRefused(self._wrong_encoding()) from None
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise ImportRefused(
                f"the packed file is damaged or cut short after line {self._line}"
            ) from None

    def _refuse_a_bomb(self, unpacked: int) -> None:
        if unpacked > _RATIO_AT_MOST * self._tap.count:
            raise ImportRefused(
                f"the packed file grows more than {_RATIO_AT_MOST} times when unpacked:"
                " it is taken for a trap; unpack it yourself to import it"
            )

    def _wrong_encoding(self) -> str:
        used = next(name for name, codec in ENCODINGS.items() if codec == self._encoding)
        others = " or ".join(f"--encoding {name}" for name in ENCODINGS if name != used)
        return f"line {self._line} is not {used}; try {others}"


@contextmanager
def open_feed(source: Path | BinaryIO, encoding: str = "utf-8") -> Iterator[Feed]:
    """Open a CSV file, plain or packed by gzip (told by its content, not by its name).

    Args:
        source: A path, or a readable binary stream, which is left open.
        encoding: One of `ENCODINGS`; a byte order mark of UTF-8 is skipped.

    Raises:
        ImportRefused: It cannot be read, is no CSV or is empty.
    """
    codec = ENCODINGS.get(encoding.lower())
    if codec is None:
        raise ImportRefused(f"the encoding {encoding} is unknown; known: {', '.join(ENCODINGS)}")
    with ExitStack() as opened:
        try:
            file = opened.enter_context(source.open("rb")) if isinstance(source, Path) else source
            tap = _Tap(file)
            stream = _buffered(tap)
            if stream.peek(2)[:2] == _GZIP:
                packed = opened.enter_context(gzip.GzipFile(fileobj=stream))
                stream = _buffered(cast(io.RawIOBase, packed))
            _refuse_other_kinds(stream)
        except OSError as error:
            raise ImportRefused(f"cannot be read: {error.strerror or 'damaged'}") from error
        except (EOFError, zlib.error):
            raise ImportRefused("the packed file is damaged or cut short") from None
        yield Feed(stream, tap, codec)


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(raw, 256 * 1024)


def _refuse_other_kinds(stream: io.BufferedReader) -> None:
    head = stream.peek(4096)[:4096]
    if head.startswith(b"\xef\xbb\xbf"):
        stream.read(3)
        head = head[3:]
    for mark, what in _OTHER_KINDS:
        if head.lstrip().startswith(mark):
            raise ImportRefused(f"the file {what}")
    if b"\0" in head:
        raise ImportRefused("the file is binary: a CSV file is needed")


def _delimiter(header: str) -> str:
    """The delimiter that parts the header line into the most columns."""

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader([header], delimiter=delimiter)))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=columns)
