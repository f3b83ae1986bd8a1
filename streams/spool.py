"""Records on disk that wait for brokers: in the order in which they came, within a bound, and for this account alone.

The spool is a folder of segments, `00000001.spool` and on. A segment is a row of frames: four bytes of length, four of
CRC-32 over the length and the content, and the content. Segments are never appended to after their writer has ended,
so that only the end of one can be torn, by kill -9 or a power cut; what stands before the tear is whole.

Promises: what `Writer.sync` returned for survives a power cut; a segment leaves the folder only when all of its records
are acknowledged, the oldest first; nobody else writes or sends meanwhile. A record may be sent twice after a failure.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from kernel.errors import StreamError

SEGMENT_BYTES = 8 * 1024 * 1024
_HEAD = struct.Struct(">II")
_WHOLE, _DAMAGED = ".spool", ".damaged"

Say = Callable[[str], None]


class Waiting(NamedTuple):
    """A record as it will be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Sender(Protocol):
    """What takes records and says when they are acknowledged: the producer."""

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> object:
        """Take one record."""

    def flush(self) -> None:
        """Wait until all are acknowledged, or raise."""


class SpoolFullError(StreamError):
    """The spool, or the disk that it is on, takes no more records. What it took before is safe."""


class Held(NamedTuple):
    """What a spool holds: records, and bytes on disk."""

    records: int
    size: int


def frame(record: Waiting) -> bytes:
    """Return a record as it stands in a segment."""
    content = msgspec.msgpack.encode(record)
    return _HEAD.pack(len(content), _checksum(content)) + content


def read(segment: bytes) -> tuple[list[Waiting], int]:
    """Return the whole records at the beginning of a segment, and the number of bytes that they take.

    What follows them is torn or damaged. Never raises, and never returns a record that was not written.
    """
    found: list[Waiting] = []
    place = 0
    while len(segment) - place >= _HEAD.size:
        length, checksum = _HEAD.unpack_from(segment, place)
        content = segment[place + _HEAD.size : place + _HEAD.size + length]
        if len(content) < length or _checksum(content) != checksum:
            break
        try:
            found.append(msgspec.msgpack.decode(content, type=Waiting))
        except msgspec.MsgspecError:
            break
        place += _HEAD.size + length
    return found, place


class Spool:
    """A folder of records that wait. `limit` is in bytes; the folder is made when the first record comes."""

    def __init__(self, folder: Path, *, limit: int, say: Say = lambda _: None) -> None:
        self.folder = folder
        self._limit = limit
        self._say = say

    def held(self) -> Held:
        """Return how much waits. A command that fills or sends the spool may change it at once."""
        records = size = 0
        for path in self._segments():
            content = _content(path)
            records += len(read(content)[0])
            size += len(content)
        return Held(records, size)

    def sources(self) -> Counter[str]:
        """Return how many records of each source wait; the key of an event begins with its source."""
        keys = (record.key or b"" for path in self._segments() for record in read(_content(path))[0])
        return Counter(key.partition(b":")[0].decode("utf-8", "replace") for key in keys)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Give the writer, when no other command writes or sends any more."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        with self._locked():
            writer = Writer(self.folder, limit=self._limit)
            try:
                yield writer
            finally:
                writer.close()

    def send(self, producer: Sender) -> int:
        """Send everything, the oldest first, and return how many records were sent and acknowledged.

        Raises what `producer` raises; then what was not acknowledged is still here, and some of what was.
        """
        if not self._segments():
            return 0
        sent = 0
        with self._locked():
            for path in self._segments():
                sent += self._send(path, producer)
        return sent

    def _send(self, path: Path, producer: Sender) -> int:
        content = _content(path)
        records, whole = read(content)
        for record in records:
            producer.send(record.topic, key=record.key, value=record.value, headers=record.headers)
        producer.flush()
        if whole == len(content):
            path.unlink()
        else:
            kept = path.replace(path.with_suffix(_DAMAGED))
            self._say(
                f"Of {kept} the last {len(content) - whole:,} bytes cannot be read; what stood before them is sent. "
                "Import again what was imported when it was written, and delete it."
            )
        _sync(self.folder)
        return len(records)

    def _segments(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{_WHOLE}"))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say("Waiting for another command that fills or sends the spool")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class Writer:
    """Adds records behind all others. What it writes is the system's at once, so that kill -9 takes nothing of it."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        files = [path for path in folder.iterdir() if path.suffix in (_WHOLE, _DAMAGED)]
        self._folder = folder
        self._number = max((int(path.stem) for path in files), default=0)
        self._room = limit - sum(path.stat().st_size for path in files)
        self._limit = limit
        self._file: FileIO | None = None
        self._size = 0
        self.records = 0
        """How many were taken."""

    def add(self, record: Waiting) -> None:
        """Take a record; after `sync` it survives a power cut. Raises `SpoolFullError`, and then those before it do."""
        content = frame(record)
        if len(content) > self._room:
            self.sync()
            message = f"the spool {self._folder} is full: it holds {self._limit // 2**20:,} MB"
            raise SpoolFullError(message, remedy="SUARA_SPOOL__MAX_MB allows more.")
        try:
            self._write(content)
        except OSError as error:
            self._withdraw()
            message = f"the spool {self._folder} takes no more: {error.strerror}"
            raise SpoolFullError(message, remedy="Make room on that disk.") from error
        self._size += len(content)
        self._room -= len(content)
        self.records += 1

    def sync(self) -> None:
        """Let everything taken so far be on the disk itself."""
        if self._file is not None:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the segment, synchronised."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def _write(self, content: bytes) -> None:
        if self._file is None or self._size >= SEGMENT_BYTES:
            self._begin()
        assert self._file is not None  # noqa: S101 - begun above
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]

    def _begin(self) -> None:
        self.close()
        path = self._folder / f"{self._number + 1:08}{_WHOLE}"
        self._file = FileIO(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w")
        self._number += 1
        self._size = 0
        _sync(self._folder)

    def _withdraw(self) -> None:
        """Take back what was written of a record that does not fit."""
        if self._file is not None:
            self._file.truncate(self._size)
            self.sync()


def _checksum(content: bytes) -> int:
    """The length takes part, so that a stretch of zeros, which a power cut may leave, is no record."""
    return zlib.crc32(content, zlib.crc32(len(content).to_bytes(4, "big")))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # sent meanwhile
        return b""


def _sync(folder: Path) -> None:
    """Let the names in a folder be on the disk itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
