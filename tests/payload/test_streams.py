"""Sources and sinks of payloads: what is read whole, and what appears whole or not at all."""

from __future__ import annotations

import errno
import io
import stat
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from peers import needs

from zeep_wssec.errors import PayloadError, PayloadUsageError
from zeep_wssec.payload import sinks
from zeep_wssec.payload.sinks import open_sink
from zeep_wssec.payload.streams import CHUNK_BYTES, MEMORY_BYTES, open_source, open_spool

LARGE = b"0123456789abcdef" * (2 * MEMORY_BYTES // 16)


class Pipe(io.RawIOBase):
    """Gives an octet or two at a time, and cannot go back."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 70_000) if size >= 0 else -1)


def names_in(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def write_and_fail(target: Any) -> None:
    with open_sink(target) as writer:
        writer.write(LARGE)
        if isinstance(target, Path):
            assert names_in(target.parent) == []
        raise KeyError


def sources(tmp_path: Path, data: bytes) -> list[Any]:
    path = tmp_path / "data.bin"
    path.write_bytes(data)
    return [data, bytearray(data), memoryview(data), path, io.BytesIO(data), Pipe(data)]


@pytest.mark.parametrize("index", range(6))
def test_every_source_gives_the_same(tmp_path: Path, index: int) -> None:
    """Octets, a path, a stream and a pipe are read alike, twice if need be."""
    with open_source(sources(tmp_path, LARGE)[index], seekable=True) as reader:
        assert b"".join(reader.chunks()) == LARGE
        assert reader.size == len(LARGE)
        reader.seek(3)
        assert reader.read(4) == LARGE[3:7]


def test_stream_is_read_from_where_it_stands() -> None:
    """What was read before is no part of the content; the stream stays open."""
    stream = io.BytesIO(b"head, content")
    stream.seek(6)
    with open_source(stream) as reader:
        assert (reader.size, reader.read()) == (7, b"content")
    assert not stream.closed


def test_pipe_fills_what_is_asked_for() -> None:
    """Fewer octets than asked for mean the end, whatever a pipe gives at once."""
    with open_source(cast("BinaryIO", Pipe(LARGE))) as reader:
        assert len(reader.read(CHUNK_BYTES)) == CHUNK_BYTES


@pytest.mark.parametrize("source", ["data.bin", 7, None, io.StringIO("text")])
def test_wrong_source(source: Any) -> None:
    """A text could be content or a path: neither is guessed."""
    with pytest.raises(PayloadUsageError), open_source(source) as reader:
        reader.read()


def test_missing_source(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(PayloadUsageError, match="gone"), open_source(tmp_path / "gone"):
        pass


def test_result_in_memory() -> None:
    """Without a sink the octets are in ``content``, at the end only."""
    with open_sink(None) as writer:
        writer.write(b"result")
        assert writer.content is None
    assert writer.content == b"result"


@pytest.mark.parametrize("linkable", [True, False])
def test_result_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linkable: bool) -> None:
    """It appears whole, for its owner only, and replaces what was there."""
    if not linkable:
        monkeypatch.setattr(sinks.os, "O_TMPFILE", 0)
    target = tmp_path / "result"
    target.write_bytes(b"before")
    target.chmod(0o644)
    with open_sink(target) as writer:
        writer.write(LARGE)
        assert target.read_bytes() == b"before"
    assert target.read_bytes() == LARGE
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert names_in(tmp_path) == ["result"]


@pytest.mark.parametrize("linkable", [True, False])
def test_nothing_on_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, linkable: bool
) -> None:
    """An error leaves nothing, and no name for it at any time."""
    if not linkable:
        monkeypatch.setattr(sinks.os, "O_TMPFILE", 0)
    with pytest.raises(KeyError):
        write_and_fail(tmp_path / "result")
    assert names_in(tmp_path) == []


def test_result_in_a_stream() -> None:
    """A stream gets nothing before the end, and nothing on failure."""
    stream = io.BytesIO()
    with pytest.raises(KeyError):
        write_and_fail(stream)
    assert stream.getvalue() == b""
    with open_sink(stream) as writer:
        writer.write(LARGE)
        assert stream.getvalue() == b""
    assert stream.getvalue() == LARGE


@pytest.mark.parametrize("what", ["link", "folder", "no_folder", "text", "text_stream"])
def test_wrong_sink(tmp_path: Path, what: str) -> None:
    """A place that cannot take a result is refused before any work; a link is not followed."""
    (tmp_path / "other").write_bytes(b"before")
    (tmp_path / "link").symlink_to("other")
    places: dict[str, Any] = {
        "link": tmp_path / "link",
        "folder": tmp_path,
        "no_folder": tmp_path / "none" / "result",
        "text": str(tmp_path / "result"),
        "text_stream": io.StringIO(),
    }
    with pytest.raises(PayloadUsageError), open_sink(places[what]):
        pytest.fail("work was begun")
    assert (tmp_path / "other").read_bytes() == b"before"


class Full(io.BytesIO):
    """A disk without room."""

    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@needs(Path("/dev/full").exists(), "no device that is always full")
def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up is told as such, and nothing is left."""
    full = Path("/dev/full").open("w+b")  # noqa: SIM115  # the sink closes it
    monkeypatch.setattr(sinks, "_unlinked_file", lambda folder: (full, False))
    with pytest.raises(PayloadError, match="disk is full"), open_sink(tmp_path / "r") as writer:
        writer.write(LARGE)
    assert names_in(tmp_path) == []


def test_full_stream() -> None:
    """The same of a stream that takes no more."""
    with pytest.raises(PayloadError, match="disk is full"), open_sink(Full()) as writer:
        writer.write(b"result")


def test_spool_leaves_nothing(tmp_path: Path) -> None:
    """What is not checked yet has no name, and is gone afterwards."""
    with open_spool(tmp_path / "result") as spool:
        spool.write(LARGE)
        assert names_in(tmp_path) == []
        assert b"".join(spool.reader().chunks()) == LARGE
    assert names_in(tmp_path) == []


class Narrow(io.RawIOBase):
    """An unbuffered stream that takes a few octets at once, up to a number of them."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int | None:
        piece = bytes(data[: min(7, self.room - len(self.taken))])
        self.taken += piece
        return len(piece) or None


def test_unbuffered_stream() -> None:
    """A stream that takes less than it is given gets the rest, or the result is an error: never a part."""
    narrow = Narrow(100)
    with open_sink(cast("BinaryIO", narrow)) as writer:
        writer.write(b"x" * 100)
    assert narrow.taken == b"x" * 100
    with (
        pytest.raises(PayloadError, match="cannot be written"),
        open_sink(cast("BinaryIO", Narrow(99))) as writer,
    ):
        writer.write(b"x" * 100)
