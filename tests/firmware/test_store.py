"""The store gives up a sample only for a receipt (or for lack of room, and then says so), whatever the power does."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.tracker import record
from firmware_stubs.tracker.block import FILL_BYTES, Content, sample_frame
from firmware_stubs.tracker.record import Sample, pack
from firmware_stubs.tracker.ring import BLOCKS
from firmware_stubs.tracker.store import Store

LIFE = "0badcafe"


def sample(number: int, *events: str) -> bytes:
    """As a board takes it; about eighty fill a block."""
    one = Sample(number * 1000, 1_798_112_345)
    one.ignition, one.receiver, one.mode = True, True, 3
    one.lat_e7, one.lon_e7 = 412_646_500, 692_162_700
    one.facts = {"alt": 411.5, "spd": 123.4, "hdg": 359, "sat": 22, "hdop": 10.9}
    one.odo_mm, one.eng_ms = number * 100_000, number * 1000
    one.health = {"vext": 13.9, "vbat": 4.1, "gsm": -81}
    one.events = list(events)
    return pack(one)


def said(number: int) -> bytes:
    return record.text(sample(number))


def filled(count: int, flash: MemoryFlash | None = None, boot: int = 1, capacity: int = 256) -> Store:
    store = Store(MemoryFlash() if flash is None else flash, LIFE, boot, capacity)
    for seq in range(count):
        assert store.append(sample(seq)) == seq
    return store


def until_blocks(count: int, store: Store) -> int:
    """Goes on until so many blocks were begun; how many samples there are then."""
    while store._serial < count:
        assert store.append(sample(store.next_seq)) is not None
    return store.next_seq


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
    store = filled(0, flash)
    count = until_blocks(10, store)
    assert len(flash.names()) == 10
    texts(store)
    store.erase(LIFE, 1, count - 1, [])
    assert flash.names() == ["s00000010.0"], "the one that is written to stays"


def test_a_restart_keeps_the_backlog_and_sends_oldest_first() -> None:
    flash = MemoryFlash()
    filled(100, flash)
    again = filled(70, flash, boot=2)
    assert (again.oldest(), again.newest()) == ((1, 0), (2, 69))
    found = texts(again)
    assert list(found) == [(1, seq) for seq in range(100)] + [(2, seq) for seq in range(70)]
    assert found[(1, 99)] == said(99)


def test_samples_of_a_lost_life_are_still_sent_under_it() -> None:
    flash = MemoryFlash()
    filled(10, flash)
    store = Store(flash, "feedface", 1)
    assert store.oldest() is None
    run = store.next_run(3000, 24)
    assert run is not None
    assert (run.life, run.boot, run.seq, len(run.texts)) == (LIFE, 1, 0, 10)


def test_when_full_every_second_ordinary_sample_of_the_oldest_goes_and_is_reported_gone() -> None:
    store = filled(0, capacity=6)
    sent = until_blocks(8, store)
    held = {seq for _, _, seq in store.held()}
    assert len(store._blocks) == 6
    assert store.oldest() == (1, 0), "the beginning stays"
    missing = sorted(set(range(sent)) - held)
    assert len(missing) == store.overwritten
    assert all(seq % 2 for seq in missing)
    assert missing[-1] < sent * 3 / 4, "the newest are whole"
    reported = set()
    while (run := store.next_run(3000, 24)) is not None:
        store.mark_sent(run.life, run.boot, run.seq, len(run.texts))
        assert run.texts[0] == said(run.seq)
        reported |= {seq for a, b in run.gone for seq in range(a, b + 1)}
    assert reported == set(missing)


def test_thinning_keeps_every_event_and_the_last_of_each_boot() -> None:
    flash = MemoryFlash()
    marked = []
    for boot in (1, 2, 3):
        store = Store(flash, LIFE, boot, 4)
        for seq in range(500):
            word = ("moving", "sos", "ignition_off")[seq % 3] if seq % 37 == 5 else ""
            assert store.append(sample(seq, word) if word else sample(seq)) == seq
            if word or seq == 499:
                marked.append((boot, seq))
    assert store.overwritten > 300
    held = {(boot, seq) for _, boot, seq in store.held()}
    assert set(marked) <= held
    again = Store(flash, LIFE, 4, 4)
    assert {(boot, seq) for _, boot, seq in again.held()} == held
    assert {run.boot for run in iter(lambda: alarm_of(again), None)} == {1, 2, 3}


def alarm_of(store: Store):  # type: ignore[no-untyped-def]
    run = store.next_alarm()
    if run is not None:
        store.mark_sent(run.life, run.boot, run.seq, 1)
    return run


def test_what_a_receipt_named_goes_before_anything_is_thinned() -> None:
    store = filled(0, capacity=6)
    count = until_blocks(6, store)
    texts(store)
    store.erase(LIFE, 1, -1, [(seq, seq) for seq in range(0, count, 2)])
    until_blocks(8, store)
    assert store.overwritten == 0
    assert {seq for _, _, seq in store.held()} >= set(range(1, count, 2))


def test_a_year_without_network_leaves_a_coarser_year() -> None:
    store = filled(0, capacity=6)
    for _ in range(30_000):
        store.append(sample(store.next_seq))
    held = sorted(seq for _, _, seq in store.held())
    assert len(store._blocks) <= 6
    assert store.gone, "in the end whole blocks give way"
    assert held[0] < 25_000
    steps = [b - a for a, b in pairwise(held)]
    assert max(steps[: len(steps) // 2]) <= 64


def test_only_events_in_the_ring_give_way_oldest_first() -> None:
    store = Store(MemoryFlash(), LIFE, 1, 3)
    for seq in range(3000):
        assert store.append(sample(seq, "sos")) == seq
    held = sorted(seq for _, _, seq in store.held())
    assert held == list(range(held[0], 3000))
    assert store.gone[(LIFE, 1)] == [[0, held[0] - 1]]


def test_many_starts_in_a_row_cost_no_sample() -> None:
    flash = MemoryFlash()
    filled(60, flash, capacity=5)
    for boot in range(2, 60):
        store = Store(flash, LIFE, boot, 5)
        store.append(sample(boot))
        assert store.overwritten == 0
    assert len(store.held()) == 60 + 58


def test_a_block_made_of_two_replaces_them_only_when_it_is_whole() -> None:
    flash = MemoryFlash()
    store = filled(0, flash, capacity=6)
    until_blocks(6, store)
    before = {name: bytes(data) for name, data in flash.files.items()}
    until_blocks(7, store)
    (made,) = [name for name in flash.names() if name.endswith(".1")]
    whole = bytes(flash.files[made])
    assert Content(whole).whole
    everything = {key[1:] for key in Store(flash_of(before), LIFE, 2, 6).held()}
    for size in range(0, len(whole), 97):
        torn = Store(flash_of(before | {made: whole[:size]}), LIFE, 2, 6)
        assert {key[1:] for key in torn.held()} == everything
    both = flash_of(before | {made: whole})
    done = Store(both, LIFE, 2, 6)
    assert {key[1:] for key in done.held()} < everything
    assert "s00000001.0" not in both.names()


def flash_of(files: dict[str, bytes]) -> MemoryFlash:
    flash = MemoryFlash()
    flash.files = {name: bytearray(data) for name, data in files.items()}
    return flash


def test_a_sample_that_the_flash_refuses_takes_no_number_twice() -> None:
    class Full(MemoryFlash):
        room = True

        def append(self, name: str, data: bytes) -> None:
            super().append(name, data if self.room else data[:-3])
            if not self.room:
                raise OSError(28, "no space")

    flash = Full()
    store = Store(flash, LIFE, 1)
    assert store.append(sample(0)) == 0
    flash.room = False
    assert store.append(sample(1)) is None
    assert store.unstored == 1
    flash.room = True
    assert store.append(sample(2)) not in (None, 0)


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
    store.append(sample(1))
    flash.fails = 1
    store.append(sample(2))
    store.append(sample(3))
    flash.fails = 3
    assert store.append(sample(4)) is None
    store.append(sample(5))
    again = Store(flash, LIFE, 2)
    seen: dict[int, set[bytes]] = {}
    while (run := again.next_run(3000, 24)) is not None:
        again.mark_sent(run.life, run.boot, run.seq, 1)
        seen.setdefault(run.seq, set()).add(run.texts[0])
    assert all(len(contents) == 1 for contents in seen.values())
    assert {said(number) for number in (2, 3, 5)} <= {text for texts in seen.values() for text in texts}


def test_a_passing_fault_of_the_flash_costs_no_older_sample() -> None:
    class Shaky(MemoryFlash):
        calls = 0

        def append(self, name: str, data: bytes) -> None:
            self.calls += 1
            if self.calls % 7 == 0:
                raise OSError(5, "input/output error")
            super().append(name, data)

    store = Store(Shaky(), LIFE, 1)
    assert all(store.append(sample(seq)) is not None for seq in range(200))
    assert len(texts(store)) == 200
    assert store.overwritten == 0


@given(st.integers(0, 4000), st.integers(1, 255))
def test_a_flipped_byte_costs_its_record_and_no_other(at: int, flip: int) -> None:
    flash = MemoryFlash()
    written = texts(filled(100, flash))
    data = flash.files["s00000001.0"]
    data[at % len(data)] ^= flip
    store = Store(flash, LIFE, 2)
    found = texts(store)
    assert found.items() <= written.items()
    in_head = at % len(data) < 16  # whose samples they are can no more be said
    assert len(found) >= (0 if in_head else 99)


def test_a_record_lost_in_the_middle_is_reported_gone() -> None:
    flash = MemoryFlash()
    filled(10, flash)
    data = flash.files["s00000001.0"]
    data[data.index(sample(4))] ^= 1
    store = Store(flash, LIFE, 2)
    assert store.gone == {(LIFE, 1): [[4, 4]]}
    assert 4 not in {seq for _, seq in texts(store)}


def test_what_cannot_be_read_any_more_is_said_to_be_gone_and_stops_nothing() -> None:
    flash = MemoryFlash()
    store = filled(30, flash)
    data = flash.files["s00000001.0"]
    for number in (0, 4, 29):
        data[data.index(sample(number)) + 3] ^= 1
    assert store.newest_alone() is None
    found = texts(store)
    assert sorted(seq for _, seq in found) == [*range(1, 4), *range(5, 29)]
    assert found[(1, 5)] == said(5)
    assert store.gone == {(LIFE, 1): [[0, 0], [4, 4], [29, 29]]}
    assert (LIFE, 1, 4) not in store.held()


def test_what_the_server_wants_is_sent_again_and_what_is_not_held_is_gone() -> None:
    store = Store(MemoryFlash(), LIFE, 1, 3)
    while len(store.gone) == 0:
        store.append(sample(store.next_seq, "tow"))
    texts(store)
    held = [seq for _, _, seq in store.held()]
    first = held[0]
    assert first > 10
    assert store.wanted(LIFE, 1, first - 5, first + 3)
    assert [seq for _, seq in texts(store)] == [seq for seq in held if seq <= first + 3]
    assert any(a <= first - 5 and b >= first - 1 for a, b in store.gone[(LIFE, 1)])
    assert not store.wanted(LIFE, 9, 0, 5)


def test_gone_is_said_until_a_receipt_covers_it() -> None:
    store = Store(MemoryFlash(), LIFE, 1, 3)
    while not store.gone:
        store.append(sample(store.next_seq, "sos"))
    ((first, last),) = store.gone[(LIFE, 1)]
    assert first == 0
    store.erase(LIFE, 1, last - 1, [])
    assert store.gone[(LIFE, 1)] == [[0, last]]
    store.erase(LIFE, 1, last, [])
    assert store.gone == {}


def test_fourteen_days_fit_the_flash_without_thinning() -> None:
    # 10 hours of driving at 10 s with a turn a minute, 14 hours parked at 900 s
    a_day = 10 * 3600 // 10 + 10 * 60 + 14 * 4
    frame = len(sample_frame(50_000, sample(14 * 86_400)))
    blocks = 14 * a_day // ((FILL_BYTES - 20) // frame) + 1
    assert blocks <= BLOCKS, f"{blocks} blocks of 4 KB, {frame} bytes a sample"
    assert BLOCKS * 4096 <= 3.7e6
