"""The fleet over a real mosquitto: receipts end the resending, refusals are survived, SIGTERM ends it cleanly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.fleet.mqtt_transport import Credential, MqttTransport
from firmware_stubs.fleet.record import read
from firmware_stubs.fleet.replay import Point, Replay

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("socket_enabled")]
ROOT = Path(__file__).resolve().parents[2]
RULES = """user server
topic readwrite imt/v1/#
pattern write imt/v1/%u/hello
pattern write imt/v1/%u/report
pattern write imt/v1/%u/bye
pattern write imt/v1/%u/result
pattern read imt/v1/%u/receipt
pattern read imt/v1/%u/command
"""


def wait_for(true: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


class Server:
    """Stores what is published and answers with a receipt."""

    def __init__(self, port: int) -> None:
        self.stored: dict[tuple[str, str, int], set[int]] = defaultdict(set)
        self.heard_times: Counter[tuple[str, str, int, int]] = Counter()
        self.byes: list[str] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="server")
        self.client.username_pw_set("server", "s")
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *_: client.subscribe("imt/v1/#", 1) and None
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def heard(self, boot: int, trackers: set[str]) -> bool:
        return {key[0] for key, got in self.stored.items() if key[2] == boot and got} == trackers

    def _on_message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        _, _, tracker, kind = message.topic.split("/")
        if kind == "bye":
            self.byes.append(tracker)
        if kind not in ("hello", "report"):
            return
        body = json.loads(message.payload)
        key = (tracker, body["life"], body["boot"])
        self.stored[key].update(body["seq"] + i for i in range(len(body.get("samples", []))) if kind == "report")
        if kind == "report":
            self.heard_times[(*key, body["seq"])] += 1
        upto = -1
        while upto + 1 in self.stored[key]:
            upto += 1
        receipt = {"v": 1, "life": key[1], "boot": key[2], "upto": upto, "got": [[a, a] for a in self.stored[key]]}
        receipt["got"] = receipt["got"][-50:]
        client.publish(f"imt/v1/{tracker}/receipt", json.dumps(receipt), qos=0)


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = int(probe.getsockname()[1])
    tmp_path.chmod(0o755)
    users = tmp_path / "users"
    users.touch(mode=0o600)
    for user, secret in (("server", "s"), ("T-1", "one"), ("T-2", "two")):
        subprocess.run(["mosquitto_passwd", "-b", str(users), user, secret], check=True, capture_output=True)
    rules = tmp_path / "rules"
    rules.write_text(RULES)
    config = tmp_path / "mosquitto.conf"
    config.write_text(
        f"listener {number} 127.0.0.1\nuser root\nallow_anonymous false\npassword_file {users}\nacl_file {rules}\n"
    )
    broker = subprocess.Popen(["mosquitto", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(number))
        yield number
    finally:
        broker.terminate()
        broker.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def server(port: int) -> Iterator[Server]:
    running = Server(port)
    wait_for(running.client.is_connected)
    yield running
    running.client.disconnect()
    running.client.loop_stop()


def stepping(replay: Replay, true: Callable[[], object]) -> Callable[[], object]:
    """Lets the firmware work before each look."""

    def look() -> object:
        replay.client.step()
        return true()

    return look


def straight_drive(points: int) -> list[Point]:
    return [Point(1_700_000_000 + i, 41.0 + i * 0.0001, 69.0) for i in range(points)]


def test_a_replay_ends_with_every_sample_receipted(port: int, server: Server) -> None:
    flash = MemoryFlash()
    transport = MqttTransport(Credential("T-1", "T-1", "one", "127.0.0.1", port))
    replay = Replay("T-1", straight_drive(300), flash, transport)
    assert replay.run(100.0, threading.Event().wait, time.monotonic, 30.0)
    replay.client.uplink.close()
    (numbers,) = server.stored.values()
    assert sorted(numbers) == list(range(300))
    assert server.byes == []


def test_a_wrong_secret_is_survived_and_nothing_is_lost(port: int) -> None:
    transport = MqttTransport(Credential("T-1", "T-1", "wrong", "127.0.0.1", port))
    replay = Replay("T-1", straight_drive(20), MemoryFlash(), transport)
    replay.play(1_800_000_000)
    wait_for(stepping(replay, lambda: replay.client.uplink.failures))
    assert "refused" in transport.refusal
    assert replay.client.store.waiting() == 20


def test_no_broker_at_all_is_survived() -> None:
    transport = MqttTransport(Credential("T-1", "T-1", "one", "127.0.0.1", 1))
    replay = Replay("T-1", straight_drive(20), MemoryFlash(), transport)
    replay.play(1_800_000_000)
    wait_for(stepping(replay, lambda: replay.client.uplink.failures))
    assert replay.client.store.waiting() == 20


def test_a_cut_connection_publishes_the_last_will(port: int, server: Server) -> None:
    transport = MqttTransport(Credential("T-1", "T-1", "one", "127.0.0.1", port))
    replay = Replay("T-1", straight_drive(5), MemoryFlash(), transport)
    wait_for(stepping(replay, lambda: transport.connected))
    cut = transport.stream.socket
    assert cut is not None
    cut.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: server.byes == ["T-1"])
    wait_for(stepping(replay, lambda: replay.client.uplink.conn > 1 and transport.connected))
    replay.client.uplink.close()


def test_the_fleet_runs_live_and_stops_cleanly_on_sigterm(port: int, server: Server, tmp_path: Path) -> None:
    secrets = {"T-1": "one", "T-2": "two"}
    entries = [
        {
            "tracker": name,
            "username": name,
            "password": secret,
            "host": "127.0.0.1",
            "port": port,
            "lat": 41.3,
            "lon": 69,
        }
        for name, secret in secrets.items()
    ]
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(entries))
    command = [sys.executable, "-m", "firmware_stubs.fleet", "--credentials", str(path)]
    for boot in (1, 2):
        fleet = subprocess.Popen([*command, "--state-dir", str(tmp_path / "state")], cwd=ROOT, stderr=subprocess.PIPE)
        try:
            wait_for(partial(server.heard, boot, set(secrets)))
        finally:
            fleet.send_signal(signal.SIGTERM)
            _, said = fleet.communicate(timeout=20)
        assert fleet.returncode == 0, said
    assert len({key[1] for key in server.stored}) == 2, "each tracker keeps its life over a restart"
    assert server.byes == []


def test_faults_happen_and_each_vehicles_own_record_judges_the_server(
    port: int, server: Server, tmp_path: Path
) -> None:
    entries = [
        {"tracker": name, "username": name, "password": secret, "host": "127.0.0.1", "port": port}
        for name, secret in (("T-1", "one"), ("T-2", "two"))
    ]
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(entries))
    command = [sys.executable, "-m", "firmware_stubs.fleet", "--credentials", str(path), "--record", str(tmp_path)]
    command += ["--reboots", "5", "--wipes", "12", "--dead-zones", "6/1", "--clock-resets", "5", "--duplicates", "3"]
    fleet = subprocess.Popen([*command, "--theft", "T-2@3"], cwd=ROOT, stderr=subprocess.PIPE)

    def enough() -> bool:
        """The one was restarted and heard; of the other's name there are two."""
        lives = {name: read(tmp_path / f"{name}.txt") for name in ("T-1", "T-2")}
        boots = {(life, boot) for life, boot, _ in lives["T-1"].erased}
        own = {life for life, _, _ in lives["T-2"].taken}
        return len(boots) > 1 and any(key[0] == "T-2" and key[1] not in own for key in list(server.stored))

    try:
        wait_for(lambda: all((tmp_path / f"{name}.txt").exists() for name in ("T-1", "T-2")))
        wait_for(enough, 60.0)
    finally:
        fleet.send_signal(signal.SIGTERM)
        _, said = fleet.communicate(timeout=20)
    assert fleet.returncode == 0, said
    assert b"the secret of T-2 is stolen" in said
    for name in ("T-1", "T-2"):
        record = read(tmp_path / f"{name}.txt")
        assert record.erased <= record.taken
        for life, boot, seq in record.erased:
            assert seq in server.stored[(name, life, boot)], "a receipt named what was not stored"
    assert max(server.heard_times.values()) >= 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dead-zones", "60"], "--dead-zones needs"),
        (["--reboots", "-1"], "above 0"),
        (["--theft", "T-1"], "--theft needs"),
        (["--theft", "T-9@5"], "T-9 is not in"),
    ],
)
def test_faults_that_make_no_sense_are_refused_in_words(tmp_path: Path, options: list[str], words: str) -> None:
    path = tmp_path / "credentials.json"
    entry = {"tracker": "T-1", "username": "T-1", "password": "p", "host": "127.0.0.1", "port": 1}
    path.write_text(json.dumps([entry]))
    command = [sys.executable, "-m", "firmware_stubs.fleet", "--credentials", str(path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_missing_credentials_file_ends_with_words(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "firmware_stubs.fleet", "--credentials", str(tmp_path / "none.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 2
    assert "none.json" in done.stderr
    assert "Traceback" not in done.stderr
