"""The store gives up a sample only for a receipt (or for lack of room, and then says so), whatever the power does."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.tracker.store import PER_SEGMENT, Store

LIFE = "0badcafe"


def filled(count: int, flash: MemoryFlash | None = None, boot: int = 1, capacity: int = 256) -> Store:
    store = Store(MemoryFlash() if flash is None else flash, LIFE, boot, capacity)
    for seq in range(count):
        assert store.append(b'{"up":%d}' % seq) == seq
    return store


def texts(store: Store) -> dict[tuple[int, int], bytes]:
    """Everything that the store would send, in its order."""
    found: dict[tuple[int, int], bytes] = {}
    while (run := store.next_run(3000, 24)) is not None:
        store.mark_sent(run.life, run.boot, run.seq, len(run.texts))
        found |= {(run.boot, run.seq + index): text for index, text in enumerate(run.texts)}
    return found


def test_a_receipt_does_not_erase_what_was_never_sent() -> None:
    store = filled(200)
    store.erase(LIFE, 1, 199, [(0, 199)])
    assert store.oldest() == (1, 0)
    assert len(texts(store)) == 200


def test_a_receipt_erases_only_what_it_names() -> None:
    store = filled(200)
    texts(store)
    store.erase(LIFE, 1, 99, [(120, 129)])
    store.again_all()
    assert sorted(seq for _, seq in texts(store)) == [*range(100, 120), *range(130, 200)]


def test_a_receipt_of_another_life_or_boot_erases_nothing() -> None:
    store = filled(100)
    texts(store)
    store.erase("ffffffff", 1, 99, [])
    store.erase(LIFE, 2, 99, [])
    assert store.oldest() == (1, 0)


def test_erased_segments_leave_the_flash() -> None:
    flash = MemoryFlash()
    store = filled(10 * PER_SEGMENT, flash)
    texts(store)
    store.erase(LIFE, 1, 10 * PER_SEGMENT - 1, [])
    assert flash.names() == []


def test_a_restart_keeps_the_backlog_and_sends_oldest_first() -> None:
    flash = MemoryFlash()
    filled(100, flash)
    again = filled(70, flash, boot=2)
    assert (again.oldest(), again.newest()) == ((1, 0), (2, 69))
    found = texts(again)
    assert list(found) == [(1, seq) for seq in range(100)] + [(2, seq) for seq in range(70)]
    assert found[(1, 99)] == b'{"up":99}'


def test_samples_of_a_lost_life_are_still_sent_under_it() -> None:
    flash = MemoryFlash()
    filled(10, flash)
    store = Store(flash, "feedface", 1)
    assert store.oldest() is None
    run = store.next_run(3000, 24)
    assert run is not None
    assert (run.life, run.boot, run.seq, len(run.texts)) == (LIFE, 1, 0, 10)


def test_when_full_the_oldest_gives_way_and_is_reported_gone() -> None:
    store = filled(5 * PER_SEGMENT, capacity=3)
    assert store.oldest() == (1, 2 * PER_SEGMENT)
    assert store.overwritten == 2 * PER_SEGMENT
    assert store.gone[(LIFE, 1)] == [[0, 2 * PER_SEGMENT - 1]]


def test_a_sample_that_the_flash_refuses_takes_no_number_twice() -> None:
    class Full(MemoryFlash):
        room = True

        def append(self, name: str, data: bytes) -> None:
            super().append(name, data if self.room else data[:-3])
            if not self.room:
                raise OSError(28, "no space")

    flash = Full()
    store = Store(flash, LIFE, 1)
    assert store.append(b"{}") == 0
    flash.room = False
    assert store.append(b"{}") is None
    assert store.unstored == 1
    flash.room = True
    assert store.append(b"{}") not in (None, 0)


def test_no_number_names_two_samples_when_the_flash_fails_after_writing() -> None:
    class Late(MemoryFlash):
        fails = 0

        def append(self, name: str, data: bytes) -> None:
            super().append(name, data)
            if self.fails:
                self.fails -= 1
                raise OSError(5, "input/output error")

    flash = Late()
    store = Store(flash, LIFE, 1)
    store.append(b'{"up":1}')
    flash.fails = 1
    store.append(b'{"up":2}')
    store.append(b'{"up":3}')
    flash.fails = 3
    assert store.append(b'{"up":4}') is None
    store.append(b'{"up":5}')
    again = Store(flash, LIFE, 2)
    seen: dict[int, set[bytes]] = {}
    while (run := again.next_run(3000, 24)) is not None:
        again.mark_sent(run.life, run.boot, run.seq, 1)
        seen.setdefault(run.seq, set()).add(run.texts[0])
    assert all(len(contents) == 1 for contents in seen.values())
    assert {b'{"up":%d}' % number for number in (2, 3, 5)} <= {text for texts in seen.values() for text in texts}


def test_a_passing_fault_of_the_flash_costs_no_older_sample() -> None:
    class Shaky(MemoryFlash):
        calls = 0

        def append(self, name: str, data: bytes) -> None:
            self.calls += 1
            if self.calls % 7 == 0:
                raise OSError(5, "input/output error")
            super().append(name, data)

    store = Store(Shaky(), LIFE, 1)
    assert all(store.append(b"{}") is not None for _ in range(200))
    assert len(texts(store)) == 200
    assert store.overwritten == 0


@pytest.mark.parametrize("records", [5, PER_SEGMENT + 3])
def test_a_power_cut_at_any_byte_loses_at_most_the_record_being_written(records: int) -> None:
    whole = MemoryFlash()
    writes: list[tuple[str, int]] = []

    class Watching(MemoryFlash):
        def append(self, name: str, data: bytes) -> None:
            whole.append(name, data)
            writes.extend((name, len(whole.files[name]) - len(data) + cut) for cut in range(1, len(data) + 1))

    filled(records, Watching())
    names = sorted(whole.names())
    for name, size in writes:
        cut = MemoryFlash()
        for other in names[: names.index(name) + 1]:
            cut.append(other, bytes(whole.files[other]) if other != name else bytes(whole.files[name][:size]))
        lines = sum(bytes(data).count(b"\n") for data in cut.files.values()) - len(cut.files)
        complete = lines if bytes(cut.files[name]).count(b"\n") else PER_SEGMENT * names.index(name)
        store = Store(cut, LIFE, 2)
        assert [seq for _, seq in texts(store)] == list(range(complete))


@given(st.integers(0, 4000), st.integers(1, 255))
def test_a_flipped_byte_costs_its_record_and_no_other(at: int, flip: int) -> None:
    flash = MemoryFlash()
    written = texts(filled(100, flash))
    name = sorted(flash.names())[at % 2]
    data = flash.files[name]
    data[at % len(data)] ^= flip
    store = Store(flash, LIFE, 2)
    found = texts(store)
    assert found.items() <= written.items()
    in_head = at % len(data) < data.index(b"\n") + 1
    assert len(found) >= (0 if in_head else 98)  # a broken line end costs two


def test_a_record_lost_in_the_middle_is_reported_gone() -> None:
    flash = MemoryFlash()
    filled(10, flash)
    data = flash.files["s00000001"]
    data[data.index(b'{"up":4}')] ^= 1
    store = Store(flash, LIFE, 2)
    assert store.gone == {(LIFE, 1): [[4, 4]]}
    assert 4 not in {seq for _, seq in texts(store)}


def test_what_the_server_wants_is_sent_again_and_what_is_not_held_is_gone() -> None:
    store = filled(3 * PER_SEGMENT, capacity=2)
    texts(store)
    assert store.wanted(LIFE, 1, 60, 70)
    assert [seq for _, seq in texts(store)] == list(range(64, 71))
    assert any(a <= 60 and b >= 63 for a, b in store.gone[(LIFE, 1)])
    assert not store.wanted(LIFE, 9, 0, 5)


def test_gone_is_said_until_a_receipt_covers_it() -> None:
    store = filled(5 * PER_SEGMENT, capacity=3)
    store.erase(LIFE, 1, 100, [])
    assert store.gone[(LIFE, 1)] == [[0, 127]]
    store.erase(LIFE, 1, 127, [])
    assert store.gone == {}


def test_records_are_json_lines_that_a_person_can_read() -> None:
    flash = MemoryFlash()
    filled(1, flash)
    head, record = bytes(flash.files["s00000001"]).decode().splitlines()
    assert json.loads(head[9:]) == {"life": LIFE, "boot": 1, "first": 0}
    assert record[9:] == '0 {"up":0}'
