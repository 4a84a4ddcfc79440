"""The ESP32 board's loop over a scripted SIM7600: from power-on to a receipt, over plain TCP and over TLS.

The script answers as the AT command manual says; behind its connection stands the smallest broker.
"""

import json

from firmware_stubs.board_esp32_sim7600.board import Esp32Board, PowerKey
from firmware_stubs.board_esp32_sim7600.loop import Loop
from firmware_stubs.board_esp32_sim7600.modem import Modem
from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.mqtt import Mqtt
from tests.firmware.scenarios.bench import PlainFlash
from tests.firmware.scenarios.drive import rmc

OWN = {"user": "T-1", "secret": "s", "host": "broker.example", "port": 1883, "authority": ""}


class Clock:
    def __init__(self) -> None:
        self.ms = 0

    def ticks(self) -> int:
        return self.ms & 0x3FFFFFFF


class Pin:
    """An input or output that a test sets."""

    def __init__(self, value: int = 0, microvolts: int = 0) -> None:
        self.state = value
        self.microvolts = microvolts

    def value(self, state: "int | None" = None) -> int:
        if state is not None:
            self.state = state
        return self.state

    def read_uv(self) -> int:
        return self.microvolts


class Broker:
    """Accepts everybody and every message, and answers reports with a receipt."""

    def __init__(self) -> None:
        self.out = b""
        self.reports: "list[dict[str, object]]" = []
        self.kinds: "list[str]" = []
        self._in = b""

    def take(self, data: bytes) -> None:
        self._in += data
        while len(self._in) >= 2:
            size = at = shift = 0
            while True:
                at += 1
                if at >= len(self._in):
                    return
                size |= (self._in[at] & 127) << shift
                shift += 7
                if self._in[at] < 128:
                    break
            at += 1
            if len(self._in) < at + size:
                return
            first, body = self._in[0], self._in[at : at + size]
            self._in = self._in[at + size :]
            self._answer(first >> 4, body)

    def _answer(self, kind: int, body: bytes) -> None:
        if kind == 1:
            self.out += b"\x20\x02\x00\x00"
        elif kind == 8:
            self.out += b"\x90\x04" + body[:2] + b"\x00\x01"
        elif kind == 12:
            self.out += b"\xd0\x00"
        elif kind == 3:
            size = body[0] << 8 | body[1]
            topic = body[2 : 2 + size].decode()
            self.out += b"\x40\x02" + body[2 + size : 4 + size]
            self.kinds.append(topic.split("/")[-1])
            if topic.endswith("/report"):
                report = json.loads(body[4 + size :])
                self.reports.append(report)
                self.say(report["life"], report["boot"], report["seq"] + len(report["samples"]) - 1)

    def say(self, life: str, boot: int, upto: int) -> None:
        text = json.dumps({"v": 1, "life": life, "boot": boot, "upto": upto, "got": [], "want": []}).encode()
        topic = b"imt/v1/T-1/receipt"
        size = 2 + len(topic) + len(text)
        head = bytes((0x30, size & 127 | 128, size >> 7)) if size > 127 else bytes((0x30, size))
        self.out += head + bytes((0, len(topic))) + topic + text


class Sim7600:
    """A port with the modem behind it. `deaf`: it hears nothing. `registered`: the network knows it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.deaf = False
        self.registered = True
        self.refuses = False
        self.log: "list[str]" = []
        self.reads = 0
        self.out = b""
        self._in = b""
        self._want = 0
        self._told = False
        self._echo = True

    def read(self) -> "bytes | None":
        self.reads += 1
        if self.deaf:
            return None
        if self.broker.out and not self._told:
            self._told = True
            self.out += b"\r\n+CIPRXGET: 1,0\r\n"
        portion = self.out[:37]  # in odd pieces, as a UART gives them
        self.out = self.out[37:]
        return portion or None

    def write(self, data: bytes) -> int:
        if self.deaf:
            return len(data)
        self._in += data
        while self._in:
            if self._want:
                part = self._in[: self._want]
                self._in = self._in[len(part) :]
                self._want -= len(part)
                self._carry(part)
                continue
            end = self._in.find(b"\r")
            if end < 0:
                return len(data)
            line = self._in[:end].decode()
            self._in = self._in[end + 1 :]
            self._command(line)
        return len(data)

    def say(self, *lines: str) -> None:
        for line in lines:
            self.out += b"\r\n" + line.encode() + b"\r\n"

    def _carry(self, part: bytes) -> None:
        if self.log[-1].startswith("AT+CCERTDOWN"):
            self.say("OK")
            return
        self.broker.take(part)
        if self._want == 0:
            size = self.log[-1][self.log[-1].rfind(",") + 1 :]
            self.say("OK", "+CCHSEND: 0,0" if "CCHSEND" in self.log[-1] else "+CIPSEND: 0,%s,%s" % (size, size))

    def _command(self, line: str) -> None:
        self.log.append(line)
        if self._echo:
            self.out += line.encode() + b"\r"
        if line == "ATE0":
            self._echo = False
        if "SEND=" in line:
            self._want = int(line[line.rfind(",") + 1 :])
            self.out += b"\r\n>"
        elif line.startswith("AT+CCERTDOWN"):
            self._want = int(line[line.rfind(",") + 1 :])
            self.out += b"\r\n> "
        elif "CIPRXGET=2" in line or "CCHRECV=" in line:
            self._give(line)
        else:
            self._answer(line)

    def _give(self, line: str) -> None:
        size = int(line[line.rfind(",") + 1 :])
        part = self.broker.out[:size]
        self.broker.out = self.broker.out[size:]
        self._told = False
        if "CCHRECV" in line:
            self.say("OK")
            if part:
                self.out += b"\r\n+CCHRECV: DATA,0,%d\r\n" % len(part) + part + b"\r\n+CCHRECV: 0,0\r\n"
        elif part:
            self.out += b"\r\n+CIPRXGET: 2,0,%d,%d\r\n" % (len(part), len(self.broker.out)) + part
            self.say("OK")
        else:
            self.say("+IP ERROR: No data", "ERROR")

    def _answer(self, line: str) -> None:
        if line == "AT+CPIN?":
            self.say("+CPIN: READY", "OK")
        elif line == "AT+CEREG?":
            self.say("+CEREG: 0,%d" % (1 if self.registered else 2), "OK")
        elif line == "AT+NETOPEN":
            self.say("+IP ERROR: Network is already opened", "ERROR")
        elif line.startswith("AT+CIPOPEN"):
            self.say("OK", "+CIPOPEN: 0,%d" % (4 if self.refuses else 0))
        elif line.startswith("AT+CCHOPEN"):
            self.say("OK", "+CCHOPEN: 0,%d" % (4 if self.refuses else 0))
        elif line == "AT+CCHSTART":
            self.say("OK", "+CCHSTART: 0")
        elif line == "AT+CSQ":
            self.say("+CSQ: 19,99", "OK")
        elif line in ("AT+CIPCLOSE=0", "AT+CCHCLOSE=0"):
            self.say("ERROR")
        else:
            self.say("OK")


class Rig:
    """Board, modem, client and loop, with a hand-set clock."""

    def __init__(self, authority: str = "") -> None:
        self.clock = Clock()
        self.broker = Broker()
        self.port = Sim7600(self.broker)
        self.pins: "dict[str, object]" = {
            "ignition": Pin(1),
            "supply": Pin(0, 800000),
            "battery": Pin(0, 2000000),
            "sos": Pin(),
            "tamper": Pin(),
        }
        self.restarts = 0
        self.fed = 0
        own: "dict[str, object]" = dict(OWN)
        own["authority"] = authority
        self.board = Esp32Board(self.pins, self.clock.ticks, self._chance, self._restart, self._feed, "power_on")
        self.key = Pin()
        self.modem = Modem(self.port, self.board.up_ms, PowerKey(self.key, self.board.up_ms), "internet")
        self.client = Client("T-1", self.board, PlainFlash(), Mqtt(self.board, self.modem, own))
        self.loop = Loop(self.board, self.modem, self.client)

    def _chance(self, count: int) -> bytes:
        return bytes(range(17, 17 + count))

    def _restart(self) -> None:
        self.restarts += 1

    def _feed(self) -> None:
        self.fed += 1

    def pass_s(self, seconds: int, nmea: bool = False) -> None:
        for _ in range(seconds):
            if nmea:
                self.port.out += rmc(40000 + self.clock.ms // 1000, self.clock.ms // 100, 0, 20, 0)
            for _step in range(20):
                self.clock.ms += 50
                self.loop.step()


def run(say) -> None:
    for authority in ("", "-----BEGIN CERTIFICATE-----"):
        rig = Rig(authority)
        rig.pass_s(60)
        rig.pass_s(120, True)
        rig.pass_s(10)
        log: "list[str]" = []
        for line in rig.port.log:
            line = line.split("=0,")[0] if "SEND=" in line else line
            if line not in log:
                log.append(line)
        say(" ".join(log))
        say("kinds %s" % " ".join(rig.broker.kinds[:4]))
        numbers: "list[int]" = []
        for report in rig.broker.reports:
            first, count = int(report["seq"]), len(report["samples"])  # type: ignore[call-overload, arg-type]
            numbers += range(first, first + count)
        say("samples %d, all once %s" % (len(numbers), sorted(numbers) == list(range(len(numbers)))))
        assert rig.client.store.held() == []
        samples = rig.broker.reports[-1]["samples"]
        say(json.dumps(samples[-1]))  # type: ignore[index]
