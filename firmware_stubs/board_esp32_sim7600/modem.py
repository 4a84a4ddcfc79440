"""The modem: brings itself up, carries one TCP or TLS connection, and gives the receiver's sentences on the way.

Everything is a step of a list or an answer to a command, so that no call waits for the network. What does not answer is
switched off and on again, with growing pauses.
"""

from firmware_stubs.board_esp32_sim7600.at import At, begins
from firmware_stubs.tracker.ports import Stream

OFF, STARTING, UP = 0, 1, 2  # the modem
CLOSED, OPENING, OPEN = 0, 1, 2  # the connection

BOOT_MS = 25000  # from power to the first answer
OFF_MS = 5000
PAUSE_MS = 3000  # between two looks for the network
PATIENCE = 40  # looks
DEAF = 3  # commands in a row without any answer
PORTION = 1024
ASK_MS = 5000  # whether something has arrived, if the modem's hint was lost
SIGNAL_MS = 60000
AUTHORITY = "authority.pem"


class Modem(Stream):
    """`power`: `switch(on)` begins to switch the modem, `step()` goes on with it. `signal`: dBm, None while unknown."""

    def __init__(self, port, clock, power, apn: str) -> None:
        self.ready = False
        self.failed = False
        self.signal: "int | None" = None
        self.phase = OFF
        self.starts = 0
        self._at = At(port, clock, self._told)
        self._clock = clock
        self._power = power
        self._apn = apn
        self._next_ms = 0
        self._plan: "list[tuple[str, int, bytes, bool]]" = []
        self._looks = 0
        self._link = CLOSED
        self._tls = False
        self._target: "tuple[str, int, str] | None" = None
        self._sending = False
        self._waiting = False  # the modem holds bytes for us
        self._asked_ms = 0
        self._signal_ms = 0

    def take_nmea(self) -> bytes:
        """The receiver's sentences since the last call."""
        return self._at.take_nmea()

    def step(self) -> None:
        """To be called some times a second; returns at once."""
        self._at.step()
        self._power.step()
        now_ms = self._clock()
        if self._at.failures >= DEAF:
            self._switch_off("deaf")
        if self.phase == OFF:
            if now_ms >= self._next_ms:
                self._switch_on()
        elif self.phase == STARTING:
            if now_ms >= self._next_ms and self._at.idle():
                self._go_on()
        elif self._at.idle():
            self._serve(now_ms)

    # -- the modem itself ---------------------------------------------------------------------------------------

    def _switch_on(self) -> None:
        self._power.switch(True)
        self.phase = STARTING
        self.starts += 1
        self._looks = 0
        self._next_ms = self._clock() + BOOT_MS
        # command, time, what ends its answer, whether it must succeed
        self._plan = [
            ("AT", 2000, b"OK", True),
            ("ATE0", 2000, b"OK", True),
            ("AT+CGPS=1", 5000, b"OK", False),  # fails if it runs already
            ("AT+CGPSINFOCFG=1,3", 5000, b"OK", False),  # GGA and RMC each second
            ("AT+CPIN?", 5000, b"OK", True),
            ('AT+CGDCONT=1,"IP","%s"' % self._apn, 5000, b"OK", True),
            ("AT+CEREG?", 5000, b"OK", True),
            ("AT+CIPRXGET=1", 5000, b"OK", False),
            ("AT+NETOPEN", 30000, b"+NETOPEN:", False),  # fails if it is open already
        ]

    def _switch_off(self, why: str) -> None:
        self._power.switch(False)
        self._at.forget()
        self._at.failures = 0
        self.phase = OFF
        self.signal = None
        self._next_ms = self._clock() + OFF_MS * min(12, self.starts)
        self._lose()

    def _go_on(self) -> None:
        if not self._plan:
            self.phase = UP
            return
        text, timeout_ms, final, _ = self._plan[0]
        self._at.ask(text, self._planned, timeout_ms, final)

    def _planned(self, ok: bool, lines: "list[bytes]") -> None:
        if not self._plan:
            return
        text, _, _, must = self._plan[0]
        good = ok
        if text == "AT+CPIN?":
            good = ok and any(line.startswith(b"+CPIN: READY") for line in lines)
        elif text == "AT+CEREG?":
            good = ok and any(line[-2:] in (b",1", b",5") for line in lines if line.startswith(b"+CEREG:"))
        if good or not must:
            self._plan.pop(0)
            self._looks = 0
            return
        self._looks += 1
        self._next_ms = self._clock() + PAUSE_MS
        if self._looks >= PATIENCE:
            self._switch_off("no network")

    def _told(self, line: bytes) -> None:
        if begins(line, (b"+CIPRXGET: 1,0", b"+CCHEVENT: 0,RECV")):
            self._waiting = True
        elif begins(line, (b"+IPCLOSE: 0", b"+CCH_PEER_CLOSED: 0")):
            self._lose()
        elif line.startswith(b"+CIPEVENT: NETWORK CLOSED"):
            self._lose()
            self._plan = [("AT+NETOPEN", 30000, b"+NETOPEN:", False)]
            self.phase = STARTING
            self._next_ms = self._clock() + PAUSE_MS

    # -- the connection -----------------------------------------------------------------------------------------

    def open(self, host: str, port: int, authority: str) -> None:
        self.close()
        self.failed = False
        self._target = (host, port, authority)

    def send(self, data: bytes) -> int:
        if self._link != OPEN or self._sending:
            return 0
        part = data[:PORTION]
        name, final = ("CCHSEND", b"+CCHSEND:") if self._tls else ("CIPSEND", b"+CIPSEND:")
        if not self._at.ask("AT+%s=0,%d" % (name, len(part)), self._sent, 20000, final, part):
            return 0
        self._sending = True
        return len(part)

    def receive(self) -> bytes:
        return self._at.take_payload()

    def close(self) -> None:
        if self._link != CLOSED and self.phase == UP:
            self._at.ask("AT+CCHCLOSE=0" if self._tls else "AT+CIPCLOSE=0", None, 5000)
        self._target = None
        self._link = CLOSED
        self.ready = self._sending = self._waiting = False
        self._at.take_payload()

    def _lose(self) -> None:
        if self._link != CLOSED or self._target is not None:
            self.failed = True
        self._target = None
        self._link = CLOSED
        self.ready = self._sending = self._waiting = False

    def _serve(self, now_ms: int) -> None:
        if self._link == CLOSED and self._target is not None:
            self._link = OPENING
            self._connect(self._target)
        elif self._link == OPEN and (self._waiting or now_ms - self._asked_ms >= ASK_MS):
            self._waiting = False
            self._asked_ms = now_ms
            self._at.ask("AT+CCHRECV=0,%d" % PORTION if self._tls else "AT+CIPRXGET=2,0,%d" % PORTION, self._read)
        elif now_ms - self._signal_ms >= SIGNAL_MS:
            self._signal_ms = now_ms
            self._at.ask("AT+CSQ", self._measured)

    def _connect(self, target: "tuple[str, int, str]") -> None:
        host, port, authority = target
        self._tls = authority != ""
        ask = self._at.ask
        ask("AT+CCHCLOSE=0" if self._tls else "AT+CIPCLOSE=0")  # one of before may still be open; else it fails
        if not self._tls:
            ask('AT+CIPOPEN=0,"TCP","%s",%d' % (host, port), self._opened, 15000, b"+CIPOPEN: 0,")
            return
        pem = authority.encode()
        ask('AT+CCERTDOWN="%s",%d' % (AUTHORITY, len(pem)), None, 5000, b"OK", pem)
        ask('AT+CSSLCFG="sslversion",0,3')  # TLS 1.2
        ask('AT+CSSLCFG="authmode",0,1')  # the server must show a certificate of this authority
        ask('AT+CSSLCFG="cacert",0,"%s"' % AUTHORITY)
        ask("AT+CCHSET=1,1")  # says when bytes were sent, and gives received ones when asked
        ask("AT+CCHSTART", None, 10000, b"+CCHSTART:")
        ask("AT+CCHSSLCFG=0,0")
        ask('AT+CCHOPEN=0,"%s",%d,2' % (host, port), self._opened, 15000, b"+CCHOPEN: 0,")

    def _opened(self, ok: bool, lines: "list[bytes]") -> None:
        if self._link != OPENING:
            return
        if ok and lines[-1].endswith(b" 0,0"):
            self._at.take_payload()
            self._link = OPEN
            self.ready = True
            self._asked_ms = self._clock()
        else:
            self._lose()

    def _sent(self, ok: bool, lines: "list[bytes]") -> None:
        self._sending = False
        fields = lines[-1].split(b" ")[-1].split(b",") if ok else []
        # of TCP the modem says how many bytes it was given and took, of TLS an error or 0
        if not ok or (fields[-1] != b"0" if self._tls else fields[-1] != fields[-2]):
            self._lose()

    def _read(self, ok: bool, lines: "list[bytes]") -> None:
        for line in lines:
            rest = line[line.rfind(b",") + 1 :]
            if line.startswith(b"+CIPRXGET: 2,") and rest.isdigit() and int(rest) > 0:
                self._waiting = True  # more than we asked for
            elif line.startswith(b"+CCHRECV: DATA,") and rest.isdigit() and int(rest) > 0:
                self._waiting = True

    def _measured(self, ok: bool, lines: "list[bytes]") -> None:
        for line in lines:
            if line.startswith(b"+CSQ: "):
                rssi = line[6:].split(b",")[0]
                self.signal = -113 + 2 * int(rssi) if rssi.isdigit() and int(rssi) < 32 else None
