"""Records on disk: whole or not there, in their order, within the bound, sent before they are removed."""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import PartUnavailableError
from streams import spool as module
from streams.spool import Held, Spool, SpoolFullError, Waiting, frame, read

RECORDS = st.lists(
    st.builds(
        Waiting,
        topic=st.text(max_size=20),
        key=st.none() | st.binary(max_size=20),
        value=st.none() | st.binary(max_size=200),
        headers=st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple),
    ),
    max_size=12,
)


class Memory:
    """Takes records like a producer, `room` of them, and then is away."""

    def __init__(self, room: int = 10**9) -> None:
        self.taken: list[Waiting] = []
        self._room = room

    def send(
        self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        self.taken.append(Waiting(topic, key, value, tuple(headers)))

    def flush(self) -> None:
        if len(self.taken) > self._room:
            message = "away"
            raise PartUnavailableError(message)


def record(number: int, size: int = 10) -> Waiting:
    return Waiting("posts", b"k", b"%d" % number + b"x" * size, (("h", b"1"),))


def fill(spool: Spool, records: Sequence[Waiting]) -> None:
    with spool.writing() as writer:
        for each in records:
            writer.add(each)


def test_what_waits_is_counted_by_source(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=10**6)
    assert not spool.sources()
    fill(spool, [Waiting("posts", key, b"x") for key in (b"forum:t1", b"forum:t:2", b"chat:a", None)])
    assert spool.sources() == {"forum": 2, "chat": 1, "": 1}


@given(RECORDS, st.data())
def test_a_segment_that_is_cut_anywhere_gives_the_records_before_the_cut(
    records: list[Waiting], data: st.DataObject
) -> None:
    frames = [frame(each) for each in records]
    whole = b"".join(frames)
    cut = data.draw(st.integers(0, len(whole)))
    ends = [sum(map(len, frames[: n + 1])) for n in range(len(frames))]
    expected = sum(end <= cut for end in ends)
    assert read(whole[:cut]) == (records[:expected], ends[expected - 1] if expected else 0)


@given(RECORDS, st.binary(max_size=60), st.data())
def test_other_bytes_in_a_segment_are_never_a_record(records: list[Waiting], noise: bytes, data: st.DataObject) -> None:
    whole = b"".join(map(frame, records))
    place = data.draw(st.integers(0, len(whole)))
    found, end = read(whole[:place] + noise + bytes(20))
    assert found == records[: len(found)]
    assert end == len(b"".join(map(frame, found)))


def test_what_is_spooled_is_sent_in_its_order_and_then_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 200)
    spool, memory = Spool(tmp_path / "spool", limit=10**6), Memory()
    assert spool.send(memory) == 0
    records = [record(number) for number in range(40)]
    fill(spool, records[:15])
    fill(spool, records[15:])
    files = list(spool.folder.glob("*.spool"))
    assert len(files) > 5
    assert spool.held() == Held(40, sum(path.stat().st_size for path in files))
    assert spool.send(memory) == 40
    assert memory.taken == records
    assert spool.held() == Held(0, 0)


def test_what_is_not_acknowledged_stays_and_is_sent_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEGMENT_BYTES", 200)
    spool, memory = Spool(tmp_path / "spool", limit=10**6), Memory(room=12)
    records = [record(number) for number in range(40)]
    fill(spool, records)
    with pytest.raises(PartUnavailableError):
        spool.send(memory)
    left = spool.held().records
    assert 40 - 12 <= left < 40
    again = Memory()
    assert spool.send(again) == left
    assert again.taken == records[40 - left :]


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=10**6)
    fill(spool, [record(1)])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [spool.folder, *spool.folder.iterdir()]}
    assert modes == {"spool": 0o700, "lock": 0o600, "00000001.spool": 0o600}


def test_a_full_spool_refuses_the_next_record_and_keeps_the_others(tmp_path: Path) -> None:
    room = sum(len(frame(record(number))) for number in range(3))
    spool = Spool(tmp_path / "spool", limit=room)
    with pytest.raises(SpoolFullError, match=r"is full(.|\n)*SUARA_SPOOL__MAX_MB"):
        fill(spool, [record(number) for number in range(4)])
    assert spool.held().records == 3
    with pytest.raises(SpoolFullError, match="is full"):
        fill(spool, [record(4)])
    memory = Memory()
    spool.send(memory)
    assert memory.taken == [record(number) for number in range(3)]


def test_a_disk_that_is_full_takes_back_the_record_that_did_not_fit(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=10**8)
    with pytest.raises(SpoolFullError, match="takes no more: File too large"):
        _fill_a_small_disk(spool)
    assert [path.suffix for path in sorted(spool.folder.iterdir())] == [".spool", ""]
    memory = Memory()
    assert spool.send(memory) == 3
    assert not list(spool.folder.glob("*.damaged"))


def _fill_a_small_disk(spool: Spool) -> None:
    """The kernel's limit of a file's size cuts a write short as a full disk does."""
    import resource
    import signal

    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3500, before[1]))
    try:
        fill(spool, [record(number, 1000) for number in range(5)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_damaged_segment_is_sent_as_far_as_it_is_whole_and_set_aside(tmp_path: Path) -> None:
    said: list[str] = []
    spool = Spool(tmp_path / "spool", limit=10**6, say=said.append)
    fill(spool, [record(number) for number in range(3)])
    (path,) = spool.folder.glob("*.spool")
    os.truncate(path, path.stat().st_size - 5)
    fill(spool, [record(3)])
    memory = Memory()
    assert spool.send(memory) == 3
    assert memory.taken == [record(0), record(1), record(3)]
    assert "00000001.damaged" in said[0]
    fill(spool, [record(4)])
    assert sorted(each.name for each in spool.folder.glob("0*")) == ["00000001.damaged", "00000002.spool"]


def _send_in_a_process(folder: Path, answers: multiprocessing.Queue[list[bytes | None]]) -> None:
    memory = Memory()
    Spool(folder, limit=10**6, say=lambda _: answers.put([])).send(memory)
    answers.put([each.value for each in memory.taken])


def test_another_process_waits_until_the_writer_has_ended(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", limit=10**6)
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[list[bytes | None]] = context.Queue()
    with spool.writing() as writer:
        writer.add(record(0))
        other = context.Process(target=_send_in_a_process, args=(spool.folder, answers))
        other.start()
        assert answers.get(timeout=60) == []  # it says that it waits
        writer.add(record(1))
    assert answers.get(timeout=60) == [record(0).value, record(1).value]
    other.join()
