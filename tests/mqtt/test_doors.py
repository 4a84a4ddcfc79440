"""The broker's doors, tried with mosquitto's own tools and bare sockets: who comes in where, and who never does."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from assets.bootstrap import build_app
from assets.core.clock import system_clock
from assets.core.tls import authority, certificate
from assets.settings import Settings
from assets.telemetry import broker, provisioning
from assets.telemetry.broker import running
from assets.telemetry.broker.files import ingest_secret
from tests.mqtt.conftest import PATIENCE_S, Site, until
from tests.support.certificates import given_files, signed_by
from tests.support.tables import create_tables
from tests.support.world import SETUP, World, build_world

NOT_AUTHORISED = 5
TLS_FAILED = 8


@dataclass
class Listener:
    """A running `mosquitto_sub`; it tells each packet, and what it heard as topic and text."""

    process: subprocess.Popen[bytes]
    path: Path

    def said(self) -> str:
        return self.path.read_text()

    def heard(self) -> list[str]:
        return [line for line in self.said().splitlines() if line.startswith(("imt/", "$SYS"))]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)


@dataclass
class Doors:
    """A running broker without ingest, and mosquitto's own clients."""

    site: Site
    folder: Path
    world: World
    listeners: list[Listener] = field(default_factory=list)

    @property
    def listening(self) -> broker.Listening:
        found = broker.listening(self.site.app.settings)
        assert found is not None
        return found

    def close(self) -> None:
        for listener in self.listeners:
            listener.stop()
        self.site.stop_broker()
        self.site.app.close()

    def authority_file(self) -> str:
        """What a tracker is told to trust."""
        path = self.folder / "authority.pem"
        path.write_text(broker.contact(self.site.app).authority)
        return str(path)

    def signed_in(self, name: str) -> list[str]:
        return ["-u", name, "-P", self.site.secrets[name]]

    def publish(self, *options: str, port: int = 0, host: str = "127.0.0.1") -> subprocess.CompletedProcess[str]:
        """`mosquitto_pub` with one message at QoS 1; its exit code is the broker's answer."""
        command = ["mosquitto_pub", "-h", host, "-p", str(port or self.listening.port), "-q", "1", "-m", "x", *options]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)

    def listen(self, *options: str) -> Listener:
        """`mosquitto_sub` that has subscribed when this returns."""
        path = self.folder / f"heard-{len(self.listeners)}"
        # To a file it would print when its buffer is full.
        command = [
            "stdbuf",
            "-oL",
            "mosquitto_sub",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.listening.port),
            "-q",
            "1",
            "-v",
            "-d",
            *options,
        ]
        with path.open("w") as heard:
            made = Listener(subprocess.Popen(command, stdout=heard, stderr=heard), path)
        self.listeners.append(made)
        until(lambda: "SUBACK" in made.said(), "the subscription")
        return made

    def sends(self, first: bytes) -> bytes:
        """What the broker answers to these bytes, and then it has closed; empty for nothing."""
        with socket.create_connection((self.listening.host, self.listening.port), timeout=10) as raw:
            raw.sendall(first)
            try:
                return raw.recv(100)
            except ConnectionResetError:
                return b""


def _opened(folder: Path, **settings: str) -> Doors:
    chosen = Settings(
        data_dir=folder / "data",
        mqtt_listen="127.0.0.1:0",
        mqtt_tls_listen="127.0.0.1:0",
        tls_names=("assets.local",),
        **settings,  # type: ignore[arg-type]  # they are all text
    )
    app = build_app(chosen, clock=system_clock)
    create_tables(app)
    site = Site(app)
    world = build_world(app, app.clock())
    site.provision(world, "t1", "t2")
    site.start_broker()
    return Doors(site, folder, world)


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    made = _opened(tmp_path)
    try:
        yield made
    finally:
        made.close()


def test_tracker_publishes_as_itself_and_as_nobody_else(doors: Doors) -> None:
    ingest = doors.listen(*_as_ingest(doors))
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode == 0
    for topic in ("imt/v1/t2/report", "imt/v1/t1/receipt", "imt/v1/t2/command", "imt/v1/t1/more/report", "$SYS/x", "x"):
        doors.publish(*doors.signed_in("t1"), "-t", topic)
    assert doors.publish(*doors.signed_in("t2"), "-t", "imt/v1/t2/report").returncode == 0
    until(lambda: "imt/v1/t2/report x" in ingest.heard(), "the last message")
    assert ingest.heard() == ["imt/v1/t1/report x", "imt/v1/t2/report x"]


def _as_ingest(doors: Doors) -> list[str]:
    """Ingest's session."""
    secret = ingest_secret(broker.folder_of(doors.site.app.settings))
    options = ["-p", str(doors.listening.ingest_port), "-u", broker.INGEST_USER, "-P", secret, "-i", "test", "-c"]
    return [*options, "-t", "imt/v1/+/report", "-t", "imt/v1/+/hello"]


def test_tracker_reads_nothing_but_its_own_two_topics(doors: Doors) -> None:
    wishes = ("#", "+/+/+/+", "imt/v1/+/report", "imt/v1/+/receipt", "imt/v1/t2/command", "$SYS/#", "imt/v1/t1/report")
    spy = doors.listen(*doors.signed_in("t1"), *(part for wish in wishes for part in ("-t", wish)))
    assert doors.publish(*doors.signed_in("t2"), "-t", "imt/v1/t2/report").returncode == 0
    secret = ingest_secret(broker.folder_of(doors.site.app.settings))
    ours = ["-u", broker.INGEST_USER, "-P", secret]
    for topic in ("imt/v1/t2/receipt", "imt/v1/t2/command", "imt/v1/t1/receipt"):
        assert doors.publish(*ours, "-t", topic, port=doors.listening.ingest_port).returncode == 0
    until(lambda: bool(spy.heard()), "its own receipt, sent last")
    assert set(spy.heard()) == {"imt/v1/t1/receipt x"}


def test_no_tracker_comes_in_at_ingests_door_nor_ingest_at_theirs(doors: Doors) -> None:
    own = doors.listening
    topic = ("-t", "imt/v1/t1/report")
    assert doors.publish(*doors.signed_in("t1"), *topic, port=own.ingest_port).returncode == NOT_AUTHORISED
    ours = ["-u", broker.INGEST_USER, "-P", ingest_secret(broker.folder_of(doors.site.app.settings))]
    assert doors.publish(*ours, *topic).returncode == NOT_AUTHORISED


def test_ingests_door_is_on_this_machine_only(doors: Doors) -> None:
    # Linux: `0100007F` is 127.0.0.1 as the kernel writes it.
    port = f"{doors.listening.ingest_port:04X}"
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if " 0A " in line]
    assert [address for address in listening if address.endswith(f":{port}")] == [f"0100007F:{port}"]


@pytest.mark.parametrize("secret", [[], ["-u", "t1"], ["-u", "t1", "-P", "wrong"], ["-u", "nobody", "-P", "x"]])
def test_nameless_and_unknown_and_wrong_are_refused_at_every_door(doors: Doors, secret: list[str]) -> None:
    own = doors.listening
    topic = ("-t", "imt/v1/t1/report")
    assert doors.publish(*secret, *topic).returncode == NOT_AUTHORISED
    assert doors.publish(*secret, *topic, port=own.ingest_port).returncode == NOT_AUTHORISED
    over_tls = doors.publish(*secret, *topic, "--cafile", doors.authority_file(), port=own.tls_port)
    assert over_tls.returncode == NOT_AUTHORISED


def test_nobody_throws_another_out_by_taking_its_client_id(doors: Doors) -> None:
    victim = doors.listen(*doors.signed_in("t1"), "-i", "t1", "-t", "imt/v1/t1/receipt")
    assert doors.publish(*doors.signed_in("t2"), "-i", "t1", "-t", "imt/v1/t2/report").returncode == 0
    assert victim.said().count("CONNACK") == 1
    assert not [e for e in broker.broker_words(doors.site.app.settings) if e.kind == "replaced"]


# Attack 36: what crashed mosquitto once, or is no MQTT at all.
NAME = b"\x00\x04MQTT"
STRANGE = {
    "no connect first": b"\x30\x05\x00\x01ab",
    "a server's answer": b"\x20\x02\x00\x00",
    "endless length": b"\x10\xff\xff\xff\xff\xff",
    "huge length (CVE-2023-0809)": b"\x30\xff\xff\xff\x7f",
    "huge connect": b"\x10\xff\xff\xff\x7f" + NAME,
    "http": b"GET / HTTP/1.1\r\n\r\n",
    "unknown version": b"\x10\x0c" + NAME + b"\x09\x02\x00\x3c\x00\x00",
    "user properties (CVE-2021-41039)": (
        b"\x10" + b"\x9d\xb8\x02" + NAME + b"\x05\x02\x00\x3c" + b"\x90\xb8\x02" + b"\x26\x00\x01a\x00\x01b" * 5714
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_first_packet_leaves_the_broker_up(doors: Doors, name: str) -> None:
    assert doors.site.process is not None
    answer = doors.sends(STRANGE[name])
    # Nothing, or a CONNACK that refuses.
    assert answer == b"" or (answer[0] == 0x20 and answer[3] != 0), answer
    assert doors.site.process.poll() is None
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode == 0


def test_an_empty_topic_and_a_message_of_5_mb_end_that_connection_alone(doors: Doors, tmp_path: Path) -> None:
    assert doors.site.process is not None
    large = tmp_path / "large"
    large.write_bytes(b"x" * 5_000_000)
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(doors.listening.port), "-q", "1", *doors.signed_in("t1")]
    command += ["-t", "imt/v1/t1/report", "-f", str(large)]
    subprocess.run(command, capture_output=True, check=False, timeout=20)
    with socket.create_connection((doors.listening.host, doors.listening.port), timeout=10) as raw:
        raw.sendall(_connect("t1", doors.site.secrets["t1"]))
        assert raw.recv(4) == b"\x20\x02\x00\x00"
        raw.sendall(b"\x30\x03\x00\x00x")  # a PUBLISH to the topic of no letters (CVE-2021-34432)
        assert raw.recv(10) == b""
    assert doors.site.process.poll() is None
    thrown = [e for e in broker.broker_words(doors.site.app.settings) if e.kind == "thrown_out"]
    assert [event.client for event in thrown][:1] == ["t1"]
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode == 0


def _connect(user: str, secret: str) -> bytes:
    from assets.safekeeping.doctor.mqtt_probe import connect_packet

    return connect_packet(user, user, secret)


def test_tracker_that_trusts_our_authority_comes_in_over_tls(doors: Doors) -> None:
    told = broker.contact(doors.site.app)
    assert (told.host, told.port, told.tls) == ("127.0.0.1", doors.listening.tls_port, True)
    own = authority.load(doors.site.app.settings.data_dir)
    assert own is not None
    assert told.fingerprint == own.fingerprint
    for version in ("tlsv1.2", "tlsv1.3"):
        sent = doors.publish(
            *doors.signed_in("t1"), "-t", "imt/v1/t1/report", "--cafile", doors.authority_file(), "--tls-version",
            version, port=told.port,
        )  # fmt: skip
        assert sent.returncode == 0, sent.stderr


def _over_tls(doors: Doors, authority_file: str, host: str = "127.0.0.1") -> int:
    return doors.publish(
        *doors.signed_in("t1"), "-t", "imt/v1/t1/report", "--cafile", authority_file,
        port=doors.listening.tls_port, host=host,
    ).returncode  # fmt: skip


def test_tracker_refuses_another_authority_and_the_log_tells_so(doors: Doors, tmp_path: Path) -> None:
    now = doors.site.app.clock()
    foreign, _ = given_files(tmp_path / "foreign", "assets.local", now - timedelta(days=1), now + timedelta(days=9))
    assert _over_tls(doors, foreign) != 0
    until(lambda: "no_trust" in _kinds(doors), "the refusal in the log")


def _kinds(doors: Doors) -> set[str]:
    return {event.kind for event in broker.broker_words(doors.site.app.settings)}


def test_tls_1_1_is_refused(doors: Doors) -> None:
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{doors.listening.tls_port}", "-tls1_1"]
    # At OpenSSL's usual level of security its own client would not even offer 1.1.
    done = subprocess.run(
        [*command, "-cipher", "DEFAULT@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=20,
    )  # fmt: skip
    assert "alert protocol version" in done.stderr, done.stderr
    until(lambda: "tls_failed" in _kinds(doors), "the refusal in the log")


def test_expired_certificate_and_one_for_another_host_are_refused(tmp_path: Path) -> None:
    now = system_clock()
    (tmp_path / "issuer").mkdir()
    own = authority.make(tmp_path / "issuer", ("assets.local",), now)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(own.pem)
    spans = {"expired": (-9, -1, "127.0.0.1"), "elsewhere": (-1, 9, "other.local"), "right": (-1, 9, "127.0.0.1")}
    found = {}
    for name, (begins, ends, host) in spans.items():
        made = signed_by(own, tmp_path / f"{name}.pem", host, now + timedelta(days=begins), now + timedelta(days=ends))
        doors = _opened(tmp_path / name, mqtt_tls_cert=str(made), mqtt_tls_key=str(made))
        try:
            opens = _listens(doors.listening.tls_port)
            found[name] = (opens, _over_tls(doors, str(trusted)) == 0)
            assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode == 0
        finally:
            doors.close()
    # With one that has ended the door stays shut, and those in plain text go on.
    assert found == {"expired": (False, False), "elsewhere": (True, False), "right": (True, True)}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def test_new_certificate_counts_without_a_restart_and_throws_nobody_out(doors: Doors) -> None:
    app, process = doors.site.app, doors.site.process
    assert process is not None
    before = doors.authority_file()
    tracker = doors.listen(*doors.signed_in("t2"), "-t", "imt/v1/t2/receipt")
    assert running.tend(app, app.clock()) == "nothing to do"
    certificate.replace_authority(app.settings, app.clock())
    later = app.clock().timestamp() + 5
    os.utime(certificate.path_of(app.settings.data_dir), (later, later))
    assert running.tend(app, app.clock()) == "took up a new certificate"
    trusted = Path(before).with_name("new.pem")
    trusted.write_text(broker.contact(app).authority)
    until(lambda: _over_tls(doors, str(trusted)) == 0, "the new certificate")
    assert _over_tls(doors, before) != 0
    assert process.poll() is None
    assert tracker.said().count("CONNACK") == 1


def test_without_plain_text_only_the_tls_door_is_there(tmp_path: Path) -> None:
    doors = _opened(tmp_path, mqtt_plain="no")
    try:
        own = doors.listening
        assert own.port == own.tls_port
        assert not own.is_plain
        assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode != 0
        assert _over_tls(doors, doors.authority_file()) == 0
    finally:
        doors.close()


def test_log_names_who_came_and_that_somebody_was_refused_and_stays_short(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = doors.site.app
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode == 0
    assert doors.publish("-u", "t1", "-P", "wrong", "-t", "imt/v1/t1/report").returncode == NOT_AUTHORISED

    def told() -> list[tuple[str, str, str]]:
        return [(e.kind, e.client, e.address) for e in broker.broker_words(app.settings)]

    until(lambda: ("refused", "", "127.0.0.1") in told(), "the refusal")
    assert ("connected", "t1", "127.0.0.1") in told()
    path = broker.folder_of(app.settings) / "broker.log"
    assert path.stat().st_mode & 0o077 == 0
    with path.open("a") as log:
        log.write("\n" * running.LONGEST_LOG)
    assert "began a new log" in running.tend(app, app.clock())
    until(path.exists, "the new log")
    assert path.stat().st_size < 10_000
    assert doors.publish(*doors.signed_in("t2"), "-t", "imt/v1/t2/report").returncode == 0
    until(lambda: "t2" in path.read_text(), "words in the new log")


def test_restarts_do_not_let_the_log_grow_without_bound(doors: Doors) -> None:
    folder = broker.folder_of(doors.site.app.settings)
    for _ in range(3):
        doors.site.stop_broker()
        with (folder / "broker.log").open("a") as log:
            log.write("\n" * running.LONGEST_LOG)
        doors.site.start_broker()
    sizes = [path.stat().st_size for path in folder.glob("broker.log*")]
    assert len(sizes) == 2
    assert sum(sizes) < 2 * running.LONGEST_LOG


def test_what_waits_for_ingest_survives_a_restart_of_the_broker(doors: Doors) -> None:
    doors.listen(*_as_ingest(doors)).stop()
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/report").returncode == 0
    doors.site.stop_broker()
    doors.site.start_broker()
    # Mosquitto finds a kept session's rights by the port that it came in at: that must be the same.
    assert doors.publish(*doors.signed_in("t1"), "-t", "imt/v1/t1/hello").returncode == 0
    ingest = doors.listen(*_as_ingest(doors))
    until(lambda: len(ingest.heard()) == 2, "both messages")
    assert ingest.heard() == ["imt/v1/t1/report x", "imt/v1/t1/hello x"]


def test_two_with_one_secret_are_seen_to_cut_each_other_off(doors: Doors) -> None:
    from assets.telemetry.broker_log import is_flapping

    for _ in range(2):
        doors.listen(*doors.signed_in("t1"), "-t", "imt/v1/t1/receipt")
    since = doors.site.app.clock() - timedelta(minutes=1)
    until(lambda: is_flapping(broker.broker_words(doors.site.app.settings), "t1", since), "the flapping in the log")


def test_revoked_trackers_connection_ends_within_ten_seconds_over_tls_too(doors: Doors) -> None:
    app, own = doors.site.app, doors.listening
    over_tls = ["--cafile", doors.authority_file(), "-p", str(own.tls_port)]
    victim = doors.listen(*doors.signed_in("t1"), *over_tls, "-t", "imt/v1/t1/receipt")
    other = doors.listen(*doors.signed_in("t2"), *over_tls, "-t", "imt/v1/t2/receipt")
    with app.transaction(SETUP) as session:
        provisioning.revoke_tracker(session, "t1", app.clock())
    assert broker.refresh(app)
    until(lambda: "not authorised" in victim.said(), "the end of the connection")
    assert other.said().count("CONNACK") == 1


def test_settings_that_leave_no_door_open_are_refused() -> None:
    from assets.settings import SettingsError

    base = Settings()
    for wrong in (
        {"mqtt_plain": "no"}, {"mqtt_plain": "perhaps"}, {"mqtt_tls_cert": "x.pem"}, {"mqtt_tls_listen": "8883"},
        {"mqtt_public": "trackers.example.uz"},
    ):  # fmt: skip
        with pytest.raises(SettingsError):
            replace(base, **wrong).check()  # type: ignore[arg-type]  # they are all text
    replace(base, mqtt_plain="no", mqtt_tls_listen="0.0.0.0:8883").check()
