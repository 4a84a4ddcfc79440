"""Rules of wire.md on the tracker's side: numbering, hello, order of sending, receipts, commands, back-off."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.tracker import wire
from tests.firmware.bench import T0, TRACKER, Bench, fix_at


def numbers(reports: list[dict[str, object]]) -> list[int]:
    return [int(str(one["seq"])) + i for one in reports for i in range(len(one["samples"]))]  # type: ignore[arg-type]


# -- numbering --


def test_boot_grows_by_one_at_each_start_and_life_stays() -> None:
    bench = Bench()
    life = bench.client.state.life
    for boot in range(2, 6):
        bench = bench.restart(seed=boot)
        assert (bench.client.state.life, bench.client.state.boot) == (life, boot)
        bench.client.observe(None)
        assert bench.client.store.newest() == (boot, 0)


def test_a_wiped_flash_begins_a_new_life_at_boot_one() -> None:
    first, second = Bench(seed=1), Bench(MemoryFlash(), seed=2)
    assert first.client.state.life != second.client.state.life
    assert len(second.client.state.life) == 8
    assert second.client.state.boot == 1


@given(st.integers(0, 400))
def test_a_power_cut_while_the_state_is_written_uses_no_boot_number_twice(size: int) -> None:
    bench = Bench().restart().restart()
    before = {name: bytes(data) for name, data in bench.flash.files.items()}
    bench.restart()
    (changed,) = [name for name, data in bench.flash.files.items() if bytes(data) != before[name]]
    whole = len(bench.flash.files[changed]) <= size
    del bench.flash.files[changed][size:]  # the start that wrote it got no further than this byte
    bench = bench.restart()
    assert bench.client.state.boot == (5 if whole else 4)


def test_conn_grows_with_each_connection_and_the_last_will_carries_it() -> None:
    bench = Bench()
    for conn in range(1, 4):
        bench.connect()
        topic, will = bench.transport.wills[-1]
        assert topic == f"imt/v1/{TRACKER}/bye"
        assert will == {"v": 1, "life": bench.client.state.life, "boot": 1, "conn": conn}
        assert bench.transport.take("hello")[-1]["conn"] == conn
        bench.receipt(-1)
        bench.transport.connected = False
        bench.pass_s(400, steps=2)


# -- hello --


def test_hello_names_what_is_held() -> None:
    bench = Bench()
    bench.connect()
    (empty,) = bench.transport.take("hello")
    assert (empty["oldest"], empty["newest"], empty["reset"]) == (None, None, "power_on")
    assert "t" not in empty
    bench.transport.connected = bench.transport.reachable = False
    bench.sample(5)
    bench = bench.restart()
    bench.sample(3)
    bench.connect()
    (hello,) = bench.transport.take("hello")
    assert (hello["oldest"], hello["newest"], hello["boot"]) == ([1, 0], [2, 2], 2)
    assert (hello["t"], hello["up"]) == (T0 + 3, 3.0)


def test_hello_again_after_a_minute_without_a_receipt() -> None:
    bench = Bench()
    bench.connect()
    bench.transport.take("hello")
    bench.pass_s(59.9, steps=60)
    assert bench.transport.take("hello") == []
    bench.pass_s(0.2)
    assert len(bench.transport.take("hello")) == 1
    bench.receipt(-1)
    bench.pass_s(600, steps=600)
    assert bench.transport.take("hello") == []  # nothing is owed: a parked tracker is quiet


# -- sending --


def test_after_a_reconnect_the_newest_goes_first_and_the_backlog_oldest_first() -> None:
    bench = Bench()
    bench.transport.reachable = False
    bench.sample(100)
    bench.transport.reachable = True
    bench.connect()
    reports = bench.transport.take("report")
    assert (reports[0]["seq"], reports[0]["live"], len(reports[0]["samples"])) == (99, True, 1)
    assert numbers(reports[1:]) == list(range(99))
    assert not any("live" in report for report in reports[1:])


def test_alarms_do_not_wait_behind_a_backlog() -> None:
    bench = Bench()
    bench.transport.reachable = False
    bench.sample(50)
    bench.client.alarm("power_cut")
    bench.sample(50)
    bench.transport.reachable = True
    bench.connect()
    reports = bench.transport.take("report")
    assert [report["seq"] for report in reports[:2]] == [50, 100]
    assert reports[0]["live"]
    assert reports[0]["samples"][0]["ev"] == ["power_cut"]


def test_alarms_go_first_even_after_a_restart() -> None:
    bench = Bench()
    bench.sample(50)
    bench.client.alarm("sos")
    bench = bench.restart()
    bench.sample(50)
    bench.connect()
    first = bench.transport.take("report")[0]
    assert (first["boot"], first["seq"], first["samples"][0]["ev"]) == (1, 50, ["sos"])


def test_a_new_sample_is_live_only_behind_a_backlog() -> None:
    bench = Bench()
    bench.connect()
    bench.sample()
    bench.client.step()
    (report,) = bench.transport.take("report")
    assert (report["seq"], "live" in report) == (0, False)


def test_every_message_fits_the_limit() -> None:
    bench = Bench()
    bench.transport.reachable = False
    for second in range(600):
        bench.board.ms += 1000
        fix = fix_at(second, kmh=123.4)
        fix.hdg, fix.alt_m, fix.sat, fix.hdop = 359.0, 1234.5, 12, 10.1
        bench.client.commands.locate = True
        bench.client.observe(fix)
    bench.transport.reachable = True
    bench.connect()
    for _ in range(200):
        for topic, body in bench.transport.sent:
            assert len(body) <= 4096, topic
        seqs = numbers(bench.transport.take("report"))
        bench.receipt(-1, got=[[seq, seq] for seq in seqs])
    assert bench.held() == []


def test_no_more_than_the_window_is_under_way() -> None:
    bench = Bench()
    bench.transport.reachable = False
    bench.sample(3000)
    bench.transport.reachable = True
    bench.connect()
    bench.pass_s(50, steps=50)
    assert len(bench.transport.take("report")) <= 20


def test_a_sample_without_a_fix_says_so_and_keeps_the_time() -> None:
    bench = Bench()
    bench.sample()
    bench.board.ms += 7000
    bench.client.alarm("tamper")
    bench.connect()
    samples = [one for report in bench.transport.take("report") for one in report["samples"]]
    alarm = next(one for one in samples if "ev" in one)
    assert (alarm["t"], alarm["up"], alarm["fix"]) == (T0 + 8, 8.0, 0)
    assert "lat" not in alarm


def test_before_the_first_fix_there_is_no_time() -> None:
    bench = Bench()
    bench.client.receive(b"")
    bench.connect()
    (report,) = bench.transport.take("report")
    assert set(report["samples"][0]) == {"up", "ign", "odo", "eng"}


# -- receipts --


def test_without_a_receipt_everything_is_sent_again_after_a_minute_and_nothing_is_erased() -> None:
    bench = Bench()
    bench.connect()
    bench.sample(10)
    bench.client.step()
    first = numbers(bench.transport.take("report"))
    bench.pass_s(59, steps=59)
    assert bench.transport.take("report") == []
    bench.pass_s(2, steps=2)
    assert sorted(numbers(bench.transport.take("report"))) == sorted(first) == list(range(10))
    assert len(bench.held()) == 10


def test_after_a_reconnect_what_no_receipt_named_is_sent_again_at_once() -> None:
    bench = Bench()
    bench.connect()
    bench.sample(10)
    bench.client.step()
    bench.receipt(2)
    bench.transport.take("report")
    bench.transport.connected = False
    bench.pass_s(5, steps=20)
    assert sorted(numbers(bench.transport.take("report"))) == list(range(3, 10))


def test_a_broker_that_takes_everything_permits_no_erasing() -> None:
    bench = Bench()
    bench.connect()
    for _ in range(200):
        bench.sample()
        bench.client.step()
    assert len(bench.held()) == 200


def test_what_is_not_a_receipt_erases_nothing() -> None:
    bench = Bench()
    bench.connect()
    bench.sample(5)
    bench.client.step()
    for key, value in (("v", 2), ("life", "ffffffff"), ("boot", 2), ("boot", True)):
        bench.receipt(4, **{key: value})
    for upto in ("4", None, True, 4.0, [4]):
        bench.receipt(upto)
    topic = f"imt/v1/{TRACKER}/receipt"
    for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"v":1}', b" " * 5000):
        bench.transport.inbox.append((topic, body))
    bench.transport.inbox.append((f"imt/v1/{TRACKER}/report", b"{}"))
    bench.client.step()
    bench.receipt(-1, got=[[4, 2], [-3, 1], ["0", 4], 7, [1], [True, 4]])
    assert len(bench.held()) == 5
    bench.receipt(4)
    assert bench.held() == []


def test_what_the_server_wants_is_sent_at_once() -> None:
    bench = Bench()
    bench.connect()
    bench.sample(10)
    bench.client.step()
    bench.transport.take("report")
    bench.receipt(3, got=[[6, 9]], want=[[4, 5]])
    assert numbers(bench.transport.take("report")) == [4, 5]


def test_what_is_wanted_and_not_held_is_said_to_be_gone() -> None:
    bench = Bench()
    bench.connect()
    for _ in range(200):
        bench.sample()
        bench.client.step()
        bench.receipt(bench.client.store.next_seq - 1)
    bench.transport.take("report")
    bench.receipt(-1, want=[[0, 10]])
    bench.client.step()
    (report,) = bench.transport.take("report")
    assert report["gone"] == [[0, 10]]
    assert report["samples"]


def test_a_boot_that_is_not_held_at_all_is_answered_by_a_hello() -> None:
    bench = Bench()
    bench = bench.restart()
    bench.connect()
    bench.transport.take("hello")
    bench.receipt(-1, want=[[0, 10]], boot=1)
    bench.pass_s(61, steps=61)
    (hello,) = bench.transport.take("hello")
    assert hello["oldest"] is None


# -- connecting --


def test_back_off_doubles_has_a_bound_and_is_jittered() -> None:
    bench = Bench()
    bench.transport.reachable = False
    bench.transport.failed = True
    bench.pass_s(6000, steps=60_000)
    waits = [(b - a) / 1000 for a, b in pairwise(bench.transport.attempts)]
    for number, wait in enumerate(waits):
        base = min(300, 2**number)
        assert base * 0.5 - 0.2 <= wait <= base * 1.5 + 0.3
    assert len(waits) > 20
    assert len(set(waits[-8:])) > 4
    other = Bench(seed=77)
    other.transport.reachable, other.transport.failed = False, True
    other.pass_s(100, steps=1000)
    assert other.transport.attempts[:5] != bench.transport.attempts[:5]


def test_back_off_starts_anew_only_after_a_receipt() -> None:
    bench = Bench()
    for _ in range(6):  # accepted and thrown out at once, again and again
        bench.pass_s(301 * 2, steps=2)
        bench.transport.connected = False
        bench.client.step()
    assert bench.client.uplink.failures == 6
    bench.pass_s(301 * 2, steps=2)
    bench.receipt(-1)
    assert bench.client.uplink.failures == 0


# -- commands --


def test_config_is_applied_whole_or_not_at_all_and_survives_a_restart() -> None:
    bench = Bench()
    bench.connect()
    bench.sample()
    (bad,) = bench.command("config", "a", args={"moving_s": 5, "parked_s": -1})
    assert (bad["ok"], "parked_s" in bad["why"]) == (False, True)
    assert bench.client.state.config["moving_s"] == 10
    assert bench.command("config", "b", args={"moving_s": 5}) == [{"v": 1, "id": "b", "ok": True}]
    assert bench.restart().client.state.config["moving_s"] == 5


def test_a_repeated_command_is_answered_from_memory_and_not_carried_out_again() -> None:
    bench = Bench()
    bench.connect()
    bench.sample()
    assert bench.command("reboot", "r1")[0]["ok"]
    assert bench.board.reboots == 1
    bench = bench.restart()
    bench.connect()
    bench.sample()
    assert bench.command("reboot", "r1") == [{"v": 1, "id": "r1", "ok": True}]
    assert bench.board.reboots == 0


def test_an_expired_command_is_not_carried_out() -> None:
    bench = Bench()
    bench.connect()
    bench.sample()
    (answer,) = bench.command("reboot", "r1", expires=T0 - 1)
    assert (answer["ok"], answer["why"]) == (False, "expired")
    assert bench.board.reboots == 0


def test_a_command_with_expiry_waits_until_the_time_is_known() -> None:
    bench = Bench()
    bench.connect()
    assert bench.command("reboot", "r1", expires=T0 + 60) == []
    bench.sample()
    bench.client.step()
    assert bench.transport.take("result") == [{"v": 1, "id": "r1", "ok": True}]


def test_locate_takes_a_sample_at_once() -> None:
    bench = Bench()
    bench.connect()
    bench.sample()
    bench.client.step()
    bench.transport.take("report")
    assert bench.command("locate", "l1")[0]["ok"]
    bench.board.ms += 1000
    bench.client.observe(fix_at(2))
    bench.client.step()
    assert numbers(bench.transport.take("report")) == [1]


def test_resend_sends_what_is_held() -> None:
    bench = Bench()
    bench.connect()
    bench.sample(5)
    bench.client.step()
    bench.transport.take("report")
    assert bench.command("resend", "s1", args={"boot": 1, "ranges": [[1, 2]]})[0]["ok"]
    bench.client.step()
    assert numbers(bench.transport.take("report")) == [1, 2]
    assert not bench.command("resend", "s2", args={"boot": 1})[0]["ok"]


def test_what_this_firmware_cannot_do_is_refused_in_words() -> None:
    bench = Bench()
    bench.connect()
    bench.sample()
    for name in ("silent", "server", "dance"):
        (answer,) = bench.command(name, f"id-{name}", args={})
        assert not answer["ok"]
        assert answer["why"]


# -- numbers on the wire --


@given(st.integers(-(10**12), 10**12), st.integers(1, 8))
def test_fixed_point_numbers_are_exact(value: int, places: int) -> None:
    assert json.loads(wire.fixed(value, places), parse_float=Decimal) == Decimal(value).scaleb(-places)
