"""Asks a modem AT commands one after the other, never waiting: each has its time, after which it has failed."""

LINE_MOST = 512
NMEA_MOST = 2048
QUEUE_MOST = 32

_ERRORS = (b"ERROR", b"+CME ERROR", b"+CMS ERROR")
# lines that may come in the middle of another answer
_UNASKED = (b"+CIPRXGET: 1,", b"+IPCLOSE", b"+CCHEVENT", b"+CCH_PEER_CLOSED", b"+CIPEVENT", b"RDY")


def begins(line: bytes, heads: "tuple[bytes, ...]") -> bool:
    return any(line.startswith(head) for head in heads)


class Command:
    """One command; `final`: what its answer begins with if that is not OK; `data`: sent after the modem's `>`."""

    def __init__(self, text: str, timeout_ms: int, final: bytes, data: bytes, done) -> None:
        self.text = text
        self.timeout_ms = timeout_ms
        self.final = final
        self.data = data
        self.done = done
        self.lines: "list[bytes]" = []


class At:
    """`port`: `read()` gives what has arrived or None, `write(data)` sends; neither waits. `clock()`: milliseconds.

    `told` is called with each line that answers no command, `nmea` collects the receiver's sentences, and `payload` the
    bytes that followed a line which announced them.
    """

    def __init__(self, port, clock, told) -> None:
        self.nmea = b""
        self.payload = b""
        self.failures = 0  # commands in a row that timed out
        self._port = port
        self._clock = clock
        self._told = told
        self._queue: "list[Command]" = []
        self._running: "Command | None" = None
        self._since_ms = 0
        self._rest = b""
        self._binary = 0  # bytes of payload still to come

    def ask(self, text: str, done=None, timeout_ms: int = 5000, final: bytes = b"OK", data: bytes = b"") -> bool:
        """Queues a command; `done(ok, lines)` is called once. False: too many wait already."""
        if len(self._queue) >= QUEUE_MOST:
            return False
        self._queue.append(Command(text, timeout_ms, final, data, done))
        return True

    def idle(self) -> bool:
        return self._running is None and not self._queue

    def forget(self) -> None:
        """The modem starts anew: nothing that was asked will be answered."""
        self._queue = []
        self._running = None
        self._rest = self.payload = b""
        self._binary = 0

    def step(self) -> None:
        """Takes what has arrived, ends what is over, asks the next."""
        data = self._port.read()
        if data:
            self._rest += data
            self._take()
        running = self._running
        if running is not None and self._clock() - self._since_ms >= running.timeout_ms:
            self.failures += 1
            self._end(False)
        if self._running is None and self._queue:
            self._running = self._queue.pop(0)
            self._since_ms = self._clock()
            self._port.write(self._running.text.encode() + b"\r")

    def take_nmea(self) -> bytes:
        found = self.nmea
        self.nmea = b""
        return found

    def take_payload(self) -> bytes:
        found = self.payload
        self.payload = b""
        return found

    def _end(self, ok: bool) -> None:
        running = self._running
        self._running = None
        if running is not None and running.done is not None:
            running.done(ok, running.lines)

    def _take(self) -> None:
        while self._rest:
            if self._binary:
                part = self._rest[: self._binary]
                self.payload += part
                self._binary -= len(part)
                self._rest = self._rest[len(part) :]
                continue
            running = self._running
            if running is not None and running.data and self._rest[:1] == b">":
                self._rest = self._rest[1:].lstrip(b" ")
                self._port.write(running.data)
                running.data = b""
                continue
            end = self._rest.find(b"\n")
            if end < 0:
                if len(self._rest) > LINE_MOST:
                    self._rest = b""
                return
            line = self._rest[:end].strip()
            self._rest = self._rest[end + 1 :]
            if line:
                self._line(line)

    def _line(self, line: bytes) -> None:
        if line[:1] == b"$":
            self.nmea = (self.nmea + line + b"\r\n")[-NMEA_MOST:]
            return
        announced = _announced(line)
        if announced:
            self._binary = announced
        running = self._running
        if running is None:
            self._told(line)
            return
        good, bad = line.startswith(running.final), begins(line, _ERRORS)
        if not good and not bad and begins(line, _UNASKED):
            self._told(line)
            return
        running.lines.append(line)
        if good or bad:
            self.failures = 0
            self._end(good)


def _announced(line: bytes) -> int:
    """How many bytes of payload follow this line."""
    if line.startswith(b"+CIPRXGET: 2,"):
        fields = line[13:].split(b",")
        return int(fields[1]) if len(fields) == 3 and fields[1].isdigit() else 0
    if line.startswith(b"+CCHRECV: DATA,"):
        fields = line[15:].split(b",")
        return int(fields[1]) if len(fields) == 2 and fields[1].isdigit() else 0
    return 0
