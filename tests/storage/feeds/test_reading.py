"""What is a CSV file, and what only calls itself one."""

import gzip
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from storage.feeds.reading import COLUMNS_AT_MOST, RECORD_AT_MOST, open_feed
from storage.feeds.report import ImportRefused

MIB = 1024 * 1024


def read(content: bytes, encoding: str = "utf-8") -> tuple[list[str], list[Any]]:
    with open_feed(io.BytesIO(content), encoding) as feed:
        return feed.header, list(feed.rows())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_found_in_the_header(delimiter: str, end: str) -> None:
    text = f'a{delimiter}"b,;x"{delimiter}c{end}1{delimiter}2{delimiter}3{end}'
    assert read(text.encode()) == (["a", "b,;x", "c"], [(2, ["1", "2", "3"])])


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("utf-8", "שם,x\nלב,1\n".encode()),
        ("utf-8", "\ufeffשם,x\nלב,1\n".encode()),
        ("UTF-8", "שם,x\nלב,1\n".encode()),
        ("windows-1255", "שם,x\nלב,1\n".encode("cp1255")),
    ],
)
def test_hebrew_is_read_in_the_encoding_named(encoding: str, raw: bytes) -> None:
    assert read(raw, encoding) == (["שם", "x"], [(2, ["לב", "1"])])


def test_western_text_is_read_as_windows_1252() -> None:
    assert read("x\nCafé – é\n".encode("cp1252"), "windows-1252")[1] == [(2, ["Café – é"])]


def test_a_packed_file_is_told_by_its_content() -> None:
    assert read(gzip.compress(b"a,b\n1,2\n")) == (["a", "b"], [(2, ["1", "2"])])


def test_a_row_is_numbered_by_the_line_it_begins_on() -> None:
    text = b'\n"a\nx",b\n1,"two\nlines"\n\n3,4\n'
    assert read(text) == (["a\nx", "b"], [(4, ["1", "two\nlines"]), (7, ["3", "4"])])


def test_a_row_with_misplaced_quotes_does_not_spoil_the_next() -> None:
    assert read(b'a,b\n"1"x,2\n3,4\n')[1] == [(2, None), (3, ["3", "4"])]


def test_the_digest_is_of_the_file_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a\n1\n")
    with open_feed(path) as feed:
        list(feed.rows())
        assert feed.bytes_read == 4
        assert feed.sha256 == hashlib.sha256(b"a\n1\n").hexdigest()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


ROWS = b"a,b\n" + b"1,2\n" * 50_000


def packed(content: bytes) -> bytes:
    """The same each time: without the moment, which would stand in a test's name."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n \n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (packed(b""), "empty"),
        (zipped(), "Excel workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Excel"),
        (b"%PDF-1.7\n", "PDF"),
        (b"  <!DOCTYPE html><html>", "web page"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"\x7fELF" + bytes(100), "binary"),
        (packed(packed(b"a,b\n")), "packed twice"),
        (packed(ROWS)[:-20], "damaged or cut short"),
        (packed(ROWS)[:15], "damaged or cut short"),
        (b"\x1f\x8b" + b"nonsense" * 10, "damaged"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "opened in line 3 is never closed"),
        (b'a,b\n1,2\n3,"4\n' + b"5,6\n" * 50_000, "a quote is left open"),
        (b"a,b\n1,2\n\xe9,4\n", "line 3 is not utf-8; try --encoding windows-1255 or"),
        (b"\xff,b\n1,2\n", "line 1 is not utf-8"),
        (b",".join(b"c%d" % n for n in range(COLUMNS_AT_MOST + 1)), "201 columns"),
        (b'"a"x,b\n1,2\n', "header line has misplaced quotes"),
        (b"a,b\r1,2\r", "header line has misplaced"),
    ],
)
def test_what_is_no_csv_is_refused_in_one_line(content: bytes, said: str) -> None:
    with pytest.raises(ImportRefused, match=said) as refusal:
        read(content)
    assert "\n" not in str(refusal.value)


def test_damage_in_the_middle_of_a_packed_file_is_noticed_at_its_end_at_the_latest() -> None:
    packed = bytearray(gzip.compress(b"a,b\n" + b"".join(b"%d,2\n" % n for n in range(50_000))))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(ImportRefused):
        read(bytes(packed))


def test_an_unknown_encoding_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ImportRefused, match="utf-8, windows-1255, windows-1252"):
        read(b"a\n1\n", "ebcdic")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="No such file"), open_feed(tmp_path / "none.csv"):
        pass


class Endless(io.RawIOBase):
    """A file of one line without an end, which counts what is taken of it."""

    def __init__(self, start: bytes) -> None:
        self.start, self.taken = start, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = (self.start + b"x" * len(buffer))[: len(buffer)]
        self.start = self.start[len(buffer) :]
        buffer[:] = data
        self.taken += len(data)
        return len(data)


@pytest.mark.parametrize("start", [b"", b"a,b\n1,2\n", b'a,b\n1,"'])
def test_a_line_of_gigabytes_is_refused_without_reading_it(start: bytes) -> None:
    endless = Endless(start)
    with (
        pytest.raises(ImportRefused, match="more than 64 KiB"),
        open_feed(io.BufferedReader(endless)) as feed,
    ):
        list(feed.rows())
    assert endless.taken < 4 * MIB


def test_a_row_may_take_all_the_room_there_is() -> None:
    long = b"x" * (RECORD_AT_MOST - 5)
    assert len(read(b"a,b\n1," + long + b"\n")[1]) == 1


def test_a_zip_bomb_is_refused_early() -> None:
    row = b"1," + b"2" * 1022
    bomb = gzip.compress(b"a,b\n" + (row + b"\n") * (64 * MIB // 1024))
    seen: list[int] = []
    with (
        open_feed(io.BytesIO(bomb)) as feed,
        pytest.raises(ImportRefused, match="taken for a trap"),
    ):
        seen.extend(line for line, _ in feed.rows())
    assert len(seen) * 1024 < 32 * MIB
