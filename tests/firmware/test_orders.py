"""Orders to a tracker (silence, another server, an update): done once, kept over restarts, ended by themselves."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.board_esp32_sim7600.partition import PartitionFlash
from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.tracker import ed25519, silence, update
from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.servers import Servers
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.uplink import VERSION
from tests.firmware.bench import T0, TRACKER, Bench, BenchBoard, BenchTransport, fix_at
from tests.firmware.scenarios.partition import Nor

SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = SECRET.public_key().public_bytes_raw()


def driving(bench: Bench | None = None) -> Bench:
    """A tracker that is connected and knows the time."""
    bench = Bench() if bench is None else bench
    bench.connect()
    bench.sample()
    bench.client.step()
    bench.receipt(bench.client.store.next_seq - 1)
    bench.transport.sent.clear()
    return bench


def sent_samples(bench: Bench) -> list[dict[str, Any]]:
    return [one for report in bench.transport.take("report") for one in report["samples"]]


# -- silent --


def test_under_silent_no_position_leaves_and_the_counters_do() -> None:
    bench = driving()
    assert bench.command("silent", "s", args={"from": T0, "until": T0 + 60})[0]["ok"]
    bench.sample(30)
    bench.client.step()
    found = sent_samples(bench)
    assert len(found) >= 1
    for one in found:
        assert not one.keys() & {"lat", "lon", "alt", "spd", "hdg", "sat", "hdop", "fix"}
        assert one.keys() >= {"t", "up", "odo", "eng", "ign"}
    assert not any(b"lat" in bytes(data) for data in bench.flash.files.values())


def test_silent_ends_by_itself() -> None:
    bench = driving()
    bench.command("silent", "s", args={"from": T0, "until": T0 + 60})
    bench.board.ms = 60_000 - 1000
    bench.sample(1)
    bench.client.step()
    assert "lat" in sent_samples(bench)[-1]


def test_silent_survives_a_restart() -> None:
    bench = driving()
    bench.command("silent", "s", args={"from": T0, "until": T0 + 600})
    bench = driving(bench.restart())
    bench.sample(2)
    bench.client.step()
    assert not any("lat" in one for one in sent_samples(bench))


def test_silent_holds_for_what_was_sampled_before_the_order_came() -> None:
    bench = driving()
    bench.transport.reachable = bench.transport.connected = False
    bench.client.step()
    bench.sample(20)
    bench.transport.reachable = True
    bench.client.state.silent = silence.added([], T0 + 10, T0 + 15)
    bench.pass_s(400, steps=4)
    found = {one["t"] - T0: one for one in sent_samples(bench)}
    assert sorted(t for t, one in found.items() if t <= 21 and "lat" not in one) == [10, 11, 12, 13, 14]


def test_under_silent_a_tracker_samples_as_if_parked() -> None:
    bench = driving()
    bench.command("silent", "s", args={"from": T0, "until": T0 + 2000})
    before = bench.client.store.next_seq
    for second in range(1000):
        bench.board.ms += 1000
        bench.client.observe(fix_at(second, north_m=second * 12.0, kmh=43.0))
    assert bench.client.store.next_seq - before <= 4  # moving once, and every 900 s


def test_locate_is_refused_under_silent() -> None:
    bench = driving()
    bench.command("silent", "s", args={"from": T0, "until": T0 + 60})
    assert bench.command("locate", "l") == [{"v": 1, "id": "l", "ok": False, "why": "silent"}]


@pytest.mark.parametrize(
    "args",
    [
        {},
        None,
        {"from": 1},
        {"from": "1", "until": 2},
        {"from": 5, "until": 4},
        {"from": True, "until": 9},
        {"from": 0, "until": 93 * 86400},
    ],
)
def test_a_silence_that_does_not_end_is_refused(args: object) -> None:
    bench = driving()
    (answer,) = bench.command("silent", "s", args=args)
    assert not answer["ok"]
    assert bench.client.state.silent == []


def test_a_silence_can_be_ended_early_by_its_beginning() -> None:
    windows = silence.added(silence.added([], 100, 900), 2000, 3000)
    assert silence.added(windows, 100, 100) == [[2000, 3000], [100, 100]]
    assert not silence.covers([[100, 100]], 100, 100)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=5), st.integers(0, 99))
def test_what_cannot_be_dated_is_hidden_while_a_window_is_open_or_may_be(
    pairs: list[tuple[int, int]], now: int
) -> None:
    windows = [[a, a + b] for a, b in pairs]
    assert silence.covers(windows, None, now) == any(a <= now < b for a, b in windows)
    assert silence.covers(windows, None, None) == bool(windows)


# -- server --


def spoken_to(bench: Bench) -> dict[str, object] | None:
    """What differs from the server that the device was made with."""
    return bench.transport.server


def test_a_new_server_is_kept_once_a_receipt_came_through_it() -> None:
    bench = driving()
    assert bench.command("server", "v", args={"host": "b.example", "port": 8883, "secret": "x"}) == []
    bench.connect()
    assert spoken_to(bench) == {"host": "b.example", "port": 8883, "secret": "x"}
    assert bench.client.state.trial is not None, "a connection alone proves nothing"
    bench.receipt(-1)
    bench.client.step()
    assert bench.transport.take("result") == [{"v": 1, "id": "v", "ok": True}]
    bench = driving(bench.restart())
    assert spoken_to(bench) == {"host": "b.example", "port": 8883, "secret": "x"}


def test_a_server_without_a_receipt_is_left_for_the_old_one_within_three_minutes() -> None:
    bench = driving()
    bench.command("server", "v", args={"secret": "wrong"})
    bench.transport.reachable = False
    bench.pass_s(179, steps=179)
    assert spoken_to(bench) == {"secret": "wrong"}
    bench.transport.reachable = True
    bench.pass_s(3, steps=30)
    assert spoken_to(bench) is None
    (answer,) = bench.transport.take("result")
    assert (answer["id"], answer["ok"]) == ("v", False)
    bench.transport.connected = False
    bench.pass_s(2, steps=20)
    assert spoken_to(bench) is None


def test_a_trial_that_restarts_the_tracker_again_and_again_ends() -> None:
    bench = driving()
    bench.command("server", "v", args={"host": "evil.example"})
    for start in range(2, 5):
        bench = bench.restart(seed=start)
        bench.connect()
    assert spoken_to(bench) is None
    bench.sample()
    bench.client.step()
    assert bench.transport.take("result")[-1]["ok"] is False


def test_two_long_certificates_fit_the_partition_and_old_ones_leave_it() -> None:
    flash = PartitionFlash(Nor(12))
    first, second, third = ("-----BEGIN " + letter * 2900 for letter in "abc")
    state = State(flash, BenchBoard())
    state.start()
    servers = Servers(state)
    for number, pem in enumerate((first, second, third)):
        servers.begin(f"v{number}", {"host": "h", "authority": pem})
        servers.chosen(0)
        again = State(flash, BenchBoard())
        assert again.trial is not None
        assert again.trial["facts"] == {"host": "h", "authority": pem}
        servers.proved()
        assert State(flash, BenchBoard()).server == {"host": "h", "authority": pem}
    state.save()
    state.save()
    assert len([name for name in flash.names() if name.startswith("pem.")]) == 1


def test_an_order_whose_id_cannot_be_kept_is_not_carried_out() -> None:
    class Full(MemoryFlash):
        full = False

        def write(self, name: str, data: bytes) -> None:
            if self.full:
                raise OSError(28, "no space")
            super().write(name, data)

    flash = Full()
    bench = driving(Bench(flash))
    flash.full = True
    assert bench.command("reboot", "r") == []
    assert bench.board.reboots == 0
    flash.full = False
    assert bench.command("reboot", "r")[0]["ok"]
    assert bench.board.reboots > 0


def test_a_second_server_order_ends_the_first_trial() -> None:
    bench = driving()
    bench.command("server", "v1", args={"secret": "a"})
    bench.connect()
    bench.command("server", "v2", args={"secret": "b"})
    bench.connect()
    assert spoken_to(bench) == {"secret": "b"}
    bench.receipt(-1)
    bench.client.step()
    assert [(one["id"], one["ok"]) for one in bench.transport.take("result")] == [("v1", False), ("v2", True)]


@pytest.mark.parametrize("args", [{}, None, {"port": 0}, {"host": ""}, {"secret": 5}, {"port": 1, "host": "h" * 254}])
def test_a_server_order_with_a_bad_value_changes_nothing(args: object) -> None:
    bench = driving()
    assert not bench.command("server", "v", args=args)[0]["ok"]
    assert (bench.client.state.server, bench.client.state.trial) == (None, None)
    assert bench.transport.connected


# -- every order, once --


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("config", {"moving_s": 5}),
        ("locate", {}),
        ("silent", {"from": T0, "until": T0 + 9}),
        ("reboot", {}),
        ("resend", {"boot": 1, "ranges": [[0, 1]]}),
    ],
)
def test_an_order_is_known_before_it_takes_effect(name: str, args: object) -> None:
    bench = driving()
    bench.command(name, "one", args=args)
    assert bench.restart().client.state.outcome("one") == ["one", True, ""]


def test_a_result_that_could_not_be_sent_goes_out_later() -> None:
    bench = driving()
    bench.command("server", "v", args={"secret": "b"})
    bench.connect()
    bench.receipt(-1)
    bench.transport.take("result")
    bench.client.servers.ended = [("late", True, "")]
    bench.transport.connected = bench.transport.reachable = False
    bench.client.step()
    bench.transport.reachable = True
    bench.pass_s(10, steps=10)
    assert bench.transport.take("result") == [{"v": 1, "id": "late", "ok": True}]


# -- update --

IMAGE = b"not really a firmware" * 100
GOOD = {
    "v": 1,
    "hw": "bench",
    "version": "9.0.0",
    "size": len(IMAGE),
    "sha256": hashlib.sha256(IMAGE).hexdigest(),
    "expires": T0 + 9999,
}


class UpdatableBoard(BenchBoard):
    """Takes images, and says what was asked of it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def can_install(self, size: int) -> str:
        return "" if size < 10_000 else "no room"

    def install(self, version: str, size: int, sha256: str) -> None:
        self.asked.append(f"install {version}")

    def confirm(self) -> None:
        self.asked.append("confirm")

    def roll_back(self) -> None:
        self.asked.append("roll back")


def updatable(bench: Bench) -> UpdatableBoard:
    board = UpdatableBoard()
    bench.board, bench.transport = board, BenchTransport()
    bench.client = Client(TRACKER, board, bench.flash, bench.transport, update_key=KEY)
    driving(bench)
    return board


def offer(facts: dict[str, object], secret: Ed25519PrivateKey = SECRET) -> dict[str, object]:
    text = json.dumps(facts)
    return {"manifest": text, "signature": secret.sign(text.encode()).hex()}


def test_a_signed_update_for_this_board_is_installed() -> None:
    bench = Bench()
    board = updatable(bench)
    assert bench.command("update", "u", args=offer(GOOD))[0]["ok"]
    assert board.asked == ["install 9.0.0"]
    assert bench.client.state.image == {"version": "9.0.0", "starts": 0}
    manifest = update.Manifest(GOOD)
    assert manifest.fits(IMAGE)
    assert not manifest.fits(IMAGE[:-1])
    assert not manifest.fits(IMAGE[:-1] + b"!")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"v": 2}, "version 1"),
        ({"hw": "other"}, "other hardware"),
        ({"version": VERSION}, "must be higher"),
        ({"version": "0.9.9"}, "must be higher"),
        ({"version": "1.0"}, "must be higher"),
        ({"version": "9.0.x"}, "must be higher"),
        ({"size": 0}, "size"),
        ({"size": True}, "size"),
        ({"size": 5_000_000}, "size"),
        ({"size": 20_000}, "no room"),
        ({"sha256": "00"}, "sha256"),
        ({"sha256": "Z" * 64}, "sha256"),
        ({"expires": T0 - 1}, "expired"),
        ({"expires": None}, "must expire"),
    ],
)
def test_an_update_that_does_not_fit_is_refused_in_words(change: dict[str, object], words: str) -> None:
    bench = Bench()
    board = updatable(bench)
    (answer,) = bench.command("update", "u", args=offer(GOOD | change))
    assert not answer["ok"]
    assert words in answer["why"]
    assert board.asked == []


def test_an_update_that_another_signed_or_that_was_changed_is_refused() -> None:
    bench = Bench()
    board = updatable(bench)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    changed = offer(GOOD)
    changed["manifest"] = str(changed["manifest"]).replace("9.0.0", "9.0.1")
    for number, args in enumerate((offer(GOOD, other), changed, {"manifest": "{}", "signature": "zz"}, {}, None)):
        assert not bench.command("update", f"u{number}", args=args)[0]["ok"]
    assert board.asked == []


def test_without_a_key_or_a_clock_no_update_is_taken() -> None:
    bench = driving()
    assert "no key" in bench.command("update", "u", args=offer(GOOD))[0]["why"]
    assert "time is not known" in update.fault(GOOD, "bench", VERSION, None)


def test_a_board_that_cannot_write_images_says_so() -> None:
    bench = Bench()
    updatable(bench)
    bench.board.can_install = BenchBoard().can_install  # type: ignore[method-assign]
    assert "cannot write" in bench.command("update", "u", args=offer(GOOD))[0]["why"]


def on_trial(bench: Bench) -> UpdatableBoard:
    """The device started from the new image: its version is the one that was installed."""
    bench.client.state.image = {"version": VERSION, "starts": 0}
    bench.client.state.save()
    board = UpdatableBoard()
    bench.board, bench.transport = board, BenchTransport()
    bench.client = Client(TRACKER, board, bench.flash, bench.transport, update_key=KEY)
    return board


def test_a_new_firmware_stays_once_a_receipt_came() -> None:
    bench = Bench()
    board = on_trial(bench)
    bench.connect()
    assert board.asked == []
    bench.receipt(-1)
    assert board.asked == ["confirm"]
    bench.pass_s(700, steps=70)
    assert board.asked == ["confirm"]


def test_a_new_firmware_without_a_receipt_in_ten_minutes_goes() -> None:
    bench = Bench()
    board = on_trial(bench)
    bench.transport.reachable = False
    bench.pass_s(599, steps=599)
    assert board.asked == []
    bench.pass_s(2, steps=2)
    assert board.asked == ["roll back"]


def test_a_new_firmware_that_keeps_restarting_goes() -> None:
    bench = Bench()
    board = on_trial(bench)
    for _ in range(3):
        board = UpdatableBoard()
        bench.client = Client(TRACKER, board, bench.flash, BenchTransport(), update_key=KEY)
    assert board.asked == ["roll back"]
    assert bench.client.state.image is None


def test_an_image_that_never_started_is_forgotten() -> None:
    bench = Bench()
    bench.client.state.image = {"version": "9.0.0", "starts": 0}
    bench.client.state.save()
    assert bench.restart().client.state.image is None


@given(st.binary(max_size=300))
def test_sha512_is_that_of_the_standard(data: bytes) -> None:
    assert ed25519.sha512(data) == hashlib.sha512(data).digest()


@given(st.binary(max_size=80), st.integers(0, 95), st.integers(1, 255))
def test_a_signature_holds_for_nothing_else(message: bytes, at: int, flip: int) -> None:
    signature = SECRET.sign(message)
    assert ed25519.verify(KEY, message, signature)
    whole = bytearray(signature + KEY)
    whole[at] ^= flip
    assert not ed25519.verify(bytes(whole[64:]), message, bytes(whole[:64]))
    assert not ed25519.verify(KEY, message + b"\0", signature)
    assert not ed25519.verify(KEY, message, signature[:-1])


def test_a_key_of_small_order_signs_nothing() -> None:
    assert not ed25519.verify(bytes([1]) + bytes(31), b"", bytes([1]) + bytes(63))
