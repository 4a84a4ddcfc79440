"""The ESP32 board: nothing waits whatever the modem does, the partition keeps files, inputs are debounced."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_stubs.board_esp32_sim7600.at import At
from firmware_stubs.board_esp32_sim7600.modem import OFF, UP
from firmware_stubs.board_esp32_sim7600.partition import BLOCK, HEAD, PartitionFlash
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.store import Store
from tests.firmware.scenarios.bench import PlainBoard
from tests.firmware.scenarios.modem import Pin, Rig
from tests.firmware.scenarios.partition import Cut, Nor
from tests.firmware.scenarios.power_cut import packed

# -- nothing waits --


def test_a_modem_that_never_answers_costs_the_loop_nothing_and_is_switched_again() -> None:
    rig = Rig()
    rig.port.deaf = True
    rig.pass_s(600)
    assert rig.modem.starts >= 4
    assert rig.port.reads == 600 * 20, "one look at the port in a step"
    assert rig.fed == 600 * 20, "the watchdog is fed by every step"
    assert rig.client.store.held(), "sampling goes on"
    rig.port.deaf = False
    rig.pass_s(600)
    assert rig.modem.phase == UP
    assert rig.client.store.held() == []


def test_a_modem_that_falls_silent_in_the_middle_loses_no_sample() -> None:
    rig = Rig()
    rig.pass_s(60)
    rig.port.deaf = True
    for _ in range(12):
        rig.pass_s(10, nmea=True)
        rig.client.alarm("tamper")
    rig.port.deaf = False
    rig.port.out = b""
    rig.pass_s(400)
    taken = rig.client.store.next_seq
    numbers = [int(str(one["seq"])) + i for one in rig.broker.reports for i in range(len(one["samples"]))]  # type: ignore[arg-type]
    assert set(numbers) == set(range(taken))
    assert rig.client.store.held() == []


def test_without_a_network_the_modem_is_started_anew_with_pauses() -> None:
    rig = Rig()
    rig.port.registered = False
    rig.pass_s(900)
    assert 2 <= rig.modem.starts <= 6
    rig.port.registered = True
    rig.pass_s(200)
    assert rig.modem.ready


def test_a_server_that_refuses_is_tried_again_with_pauses() -> None:
    rig = Rig()
    rig.port.refuses = True
    rig.pass_s(300)
    tries = sum(line.startswith("AT+CIPOPEN") for line in rig.port.log)
    assert 4 <= tries <= 12
    assert rig.client.uplink.failures >= 3
    rig.port.refuses = False
    rig.pass_s(330)
    assert rig.client.uplink.proved


def test_a_connection_that_the_other_side_closes_is_made_anew() -> None:
    rig = Rig()
    rig.pass_s(60)
    assert rig.modem.ready
    before = rig.client.uplink.conn
    rig.port.say("+IPCLOSE: 0,1")
    rig.pass_s(3)
    assert rig.client.uplink.conn == before + 1
    rig.pass_s(20)
    assert rig.modem.ready


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=300), st.integers(1, 60))
def test_noise_on_the_line_stops_nothing(noise: bytes, second: int) -> None:
    rig = Rig()
    rig.pass_s(second)
    rig.port.out = noise + b"\r\n" + rig.port.out
    rig.pass_s(400)
    assert rig.modem.phase in (UP, OFF) or rig.modem.starts
    rig.pass_s(400)
    assert rig.client.store.held() == []


def test_a_command_has_its_time_and_the_next_one_follows() -> None:
    now = [0]
    written: list[bytes] = []
    outcomes: list[tuple[bool, list[bytes]]] = []

    class Port:
        out = b""

        def read(self) -> bytes:
            out, self.out = self.out, b""
            return out

        def write(self, data: bytes) -> None:
            written.append(data)

    port = Port()
    at = At(port, lambda: now[0], lambda line: None)
    for text in ("AT+A", "AT+B"):
        assert at.ask(text, lambda ok, lines: outcomes.append((ok, lines)), 1000)
    at.step()
    now[0] = 999
    at.step()
    assert (written, outcomes) == ([b"AT+A\r"], [])
    now[0] = 1000
    at.step()
    assert outcomes == [(False, [])]
    port.out = b"AT+B\r\r\n+B: 7\r\n$GNRMC,x\r\n\r\nOK\r\n"
    at.step()
    assert outcomes[1] == (True, [b"AT+B", b"+B: 7", b"OK"])
    assert at.take_nmea() == b"$GNRMC,x\r\n"
    assert not all(at.ask("AT") for _ in range(40)), "the queue has an end"


# -- inputs --


def test_ignition_counts_once_it_stands_still() -> None:
    rig = Rig()
    pin = rig.pins["ignition"]
    assert isinstance(pin, Pin)
    said = []
    for value in (1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0):
        pin.state = value
        rig.clock.ms += 100
        said.append(rig.board.ignition())
    assert said == [True] * 8 + [False] * 3


def test_alarms_of_the_inputs_come_once_and_have_a_dead_band() -> None:
    rig = Rig()
    supply, battery, sos = (rig.pins[name] for name in ("supply", "battery", "sos"))
    assert isinstance(supply, Pin)
    assert isinstance(battery, Pin)
    assert isinstance(sos, Pin)
    assert rig.board.alarms() == []
    supply.microvolts = 5000 * 1000 // 16
    assert rig.board.alarms() == ["power_cut"]
    supply.microvolts = 7000 * 1000 // 16
    assert rig.board.alarms() == []
    supply.microvolts = 12500 * 1000 // 16
    sos.state = 1
    assert rig.board.alarms() == ["power_back", "sos"]
    assert rig.board.alarms() == []
    battery.microvolts = 3400 * 1000 // 2
    assert rig.board.alarms() == ["low_battery"]
    battery.microvolts = 3600 * 1000 // 2
    assert rig.board.alarms() == []


def test_up_time_runs_through_the_wrap_of_the_ticks() -> None:
    rig = Rig()
    for _ in range(40):
        rig.clock.ms += 400_000_000  # 4.6 days
        rig.board.up_ms()
    assert rig.board.up_ms() == 40 * 400_000_000


# -- partition --


def test_files_on_a_partition_are_found_again() -> None:
    nor = Nor(8)
    flash = PartitionFlash(nor)
    flash.append("s00000001.0", b"one")
    flash.append("s00000001.0", b"two")
    flash.write("state.0", b"first\xff\xff")
    flash.write("state.0", b"second\xff")
    flash.append("gone", b"x")
    flash.remove("gone")
    for one in (flash, PartitionFlash(nor)):
        assert sorted(one.names()) == ["s00000001.0", "state.0"]
        assert one.read("s00000001.0") == b"onetwo"
        assert one.read("state.0") == b"second\xff"
        assert one.read("none") == b""


def test_a_full_partition_raises_and_frees_what_is_removed() -> None:
    flash = PartitionFlash(Nor(3))
    for name in ("a", "b", "c"):
        flash.append(name, b"x")
    with pytest.raises(OSError, match="no free block"):
        flash.append("d", b"x")
    with pytest.raises(OSError, match="no space"):
        flash.append("a", bytes(BLOCK - HEAD))
    flash.remove("b")
    flash.append("d", b"y")
    assert sorted(flash.names()) == ["a", "c", "d"]


def test_a_file_that_is_replaced_is_the_old_or_the_new_one_whatever_byte_the_power_fails_at() -> None:
    seen = set()
    for budget in range(200):
        nor = Nor(4)
        PartitionFlash(nor).write("state.0", b"the old one")
        nor.written, nor.budget = 0, budget
        try:
            PartitionFlash(nor).write("state.0", b"the new one" * 9)
            finished = True
        except Cut:
            finished = False
        nor.budget = None
        again = PartitionFlash(nor)
        found = again.read("state.0")
        assert found in (b"the old one", b"the new one" * 9)
        seen.add(found)
        assert again.names() == ["state.0"]
        if finished:
            break
    assert len(seen) == 2


def test_blocks_wear_alike() -> None:
    nor = Nor(16)
    flash = PartitionFlash(nor)
    for number in range(400):
        flash.write("state.0", b"%d" % number)
    assert max(nor.erased) - min(nor.erased) <= 2


def cut_runs(every: int) -> Iterator[tuple[Nor, set[tuple[int, int]], set[tuple[int, int]]]]:
    """The power fails at each `every`-th byte that is written to the partition."""
    budget = 0
    while True:
        budget += every
        nor = Nor(12)
        nor.budget = budget
        done: set[tuple[int, int]] = set()
        begun: set[tuple[int, int]] = set()
        try:
            for _ in range(3):
                flash = PartitionFlash(nor)
                state = State(flash, PlainBoard())
                state.start()
                store = Store(flash, state.life, state.boot, 8)
                for seq in range(90):
                    begun.add((state.boot, seq))
                    assert store.append(packed(state.boot, seq)) == seq
                    done.add((state.boot, seq))
        except Cut:
            yield nor, done, begun
            continue
        return


def test_a_power_cut_on_the_partition_loses_at_most_the_sample_being_written() -> None:
    count = 0
    for nor, done, begun in cut_runs(41):
        count += 1
        nor.budget = None
        flash = PartitionFlash(nor)
        state = State(flash, PlainBoard(9))
        state.start()
        store = Store(flash, state.life, state.boot, 8)
        held = {(boot, seq) for _, boot, seq in store.held()}
        assert done <= held <= begun
        assert not done or state.boot > max(boot for boot, _ in done)
        assert store.append(packed(1, 1)) == 0
    assert count > 300
