"""Brings samples to the server over a transport: connect, hello, newest first, backlog, receipts, resend, back off."""

from firmware_stubs.tracker import wire
from firmware_stubs.tracker.ports import Board, Transport
from firmware_stubs.tracker.servers import Servers
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.store import Run, Store

VERSION = "1.1.0"

OFF, CONNECTING, ON = 0, 1, 2

CONNECT_MS = 20000  # how long one attempt may take
SILENCE_MS = 60000  # without a receipt: hello again, and what no receipt named is sent again
BACKOFF_MS = 1000
BACKOFF_MOST_MS = 300000
WINDOW = 16  # reports under way; receipts come at most once a second
AHEAD = 4  # reports out of turn that may fly beyond the window
PER_REPORT = 24
BODY_BYTES = wire.MAX_BYTES - wire.TAIL_BYTES


class Uplink:
    """One step does what is due and never waits. Times are the board's milliseconds."""

    def __init__(
        self, tracker: str, board: Board, transport: Transport, state: State, store: Store, servers: Servers
    ) -> None:
        self.conn = 0
        self.proved = False  # a receipt came on the present connection
        self.phase = OFF
        self.orders: "list[bytes]" = []  # commands that arrived, for the client
        self.failures = 0  # attempts since the last receipt
        self.retry_ms = 0
        self._tracker = tracker
        self._board = board
        self._transport = transport
        self._state = state
        self._store = store
        self._servers = servers
        self._since_ms = 0
        self._asked_ms: "int | None" = None  # since when the server owes a receipt
        self._hello_ms = 0
        self._hello_due = False
        self._newest_due = False
        self._told: "list[tuple[str, int]]" = []  # boots whose `gone` went out on this connection
        self._flights: "list[tuple[str, int, int, int, int]]" = []  # life, boot, first, last, sent at
        self._held_ms: "int | None" = None

    def step(self, now_ms: int, up_ms: int, t: "int | None", report_s: int, urgent: bool) -> None:
        """`urgent`: something was sampled that must not wait for company. `up_ms` and `t` go into a hello."""
        if self._servers.failed(now_ms):
            self.close()
        if self.phase == OFF:
            if now_ms >= self.retry_ms:
                self._connect(now_ms)
            return
        inbox = self._transport.poll()
        if self.phase == CONNECTING:
            if self._transport.connected:
                self._greet(now_ms, up_ms, t)
            elif self._transport.failed or now_ms - self._since_ms >= CONNECT_MS:
                self._lost(now_ms)
        for topic, body in inbox:
            self._receive(topic, body, now_ms)
        if self.phase == ON and not self._transport.connected:
            self._lost(now_ms)
        if self.phase == ON:
            self._expire(now_ms)
            self._repeat_hello(now_ms, up_ms, t)
            self._send(now_ms, report_s, urgent)

    def answer(self, body: bytes) -> bool:
        """Publishes the result of a command."""
        return self.phase == ON and self._transport.publish(wire.topic(self._tracker, "result"), body)

    def close(self) -> None:
        """Ends the connection; the next step makes a new one."""
        self._transport.disconnect()
        self.phase = OFF
        self.retry_ms = 0
        self.failures = 0

    # -- connecting ---------------------------------------------------------------------------------------------

    def _connect(self, now_ms: int) -> None:
        self.conn += 1
        self.phase = CONNECTING
        self._since_ms = now_ms
        self.proved = False
        self._transport.server = self._servers.chosen(now_ms)
        will = wire.bye(self._state.life, self._state.boot, self.conn)
        self._transport.connect(
            wire.topic(self._tracker, "bye"),
            will,
            [(wire.topic(self._tracker, "receipt"), 0), (wire.topic(self._tracker, "command"), 1)],
        )

    def _lost(self, now_ms: int) -> None:
        """Waits 1, 2, 4 ... 300 s, each between half and one and a half of it, so that a fleet does not come as one."""
        self._transport.disconnect()
        self.phase = OFF
        wait_ms = min(BACKOFF_MOST_MS, BACKOFF_MS << min(self.failures, 12))
        self.failures += 1
        chance = self._board.entropy(2)
        self.retry_ms = now_ms + wait_ms // 2 + wait_ms * (chance[0] * 256 + chance[1]) // 65536

    def _greet(self, now_ms: int, up_ms: int, t: "int | None") -> None:
        self.phase = ON
        self._flights = []
        self._told = []
        self._store.again_all()
        self._newest_due = True
        self._hello(now_ms, up_ms, t)

    def _repeat_hello(self, now_ms: int, up_ms: int, t: "int | None") -> None:
        silent = self._asked_ms is not None and now_ms - self._asked_ms >= SILENCE_MS
        if silent or (self._hello_due and now_ms - self._hello_ms >= SILENCE_MS):
            self._hello(now_ms, up_ms, t)

    def _hello(self, now_ms: int, up_ms: int, t: "int | None") -> None:
        about: "dict[str, object]" = {"fw": VERSION, "hw": self._board.hw, "reset": self._board.reset}
        if t is not None:
            about["t"] = t
        store = self._store
        body = wire.hello(self._state.life, self._state.boot, self.conn, about, up_ms, store.oldest(), store.newest())
        if not self._publish("hello", body, now_ms):
            self._lost(now_ms)
            return
        self._asked_ms = self._hello_ms = now_ms
        self._hello_due = False

    # -- receiving ----------------------------------------------------------------------------------------------

    def _receive(self, topic: str, body: bytes, now_ms: int) -> None:
        if topic == wire.topic(self._tracker, "command"):
            self.orders.append(body)
            self.orders = self.orders[-8:]
        elif topic == wire.topic(self._tracker, "receipt"):
            receipt = wire.read_receipt(body)
            if receipt is not None:
                self._settle(receipt, now_ms)

    def _settle(self, receipt: wire.Receipt, now_ms: int) -> None:
        store, life, boot = self._store, receipt.life, receipt.boot
        self.failures = 0
        if life == self._state.life:
            self.proved = True
            self._servers.proved()
        store.erase(life, boot, receipt.upto, receipt.got)
        for a, b in receipt.want:
            self.resend(life, boot, a, b)
        self._flights = [flight for flight in self._flights if store.awaits(*flight[:4])]
        self._asked_ms = now_ms if self._flights else None

    def resend(self, life: str, boot: int, a: int, b: int) -> None:
        """Sends these again; what is not held any more is said to be gone, by `gone` or by `oldest` in a hello."""
        store = self._store
        if not store.wanted(life, boot, a, b):
            self._hello_due = True
        elif (life, boot) in store.gone:
            self._told = [known for known in self._told if known != (life, boot)]
            store.carrier(life, boot)

    def _expire(self, now_ms: int) -> None:
        late = [flight for flight in self._flights if now_ms - flight[4] >= SILENCE_MS]
        if late:
            self._flights = [flight for flight in self._flights if now_ms - flight[4] < SILENCE_MS]
            self._told = []
            for life, boot, first, last, _ in late:
                self._store.again(life, boot, first, last)

    # -- sending ------------------------------------------------------------------------------------------------

    def _send(self, now_ms: int, report_s: int, urgent: bool) -> None:
        store = self._store
        waiting = store.waiting()
        if self.phase != ON or waiting == 0:
            self._held_ms = None
            self._newest_due = False
            return
        if waiting > PER_REPORT or (self._newest_due and waiting > 1):
            self._ahead(now_ms)
        self._newest_due = False
        if self._held_ms is None:
            self._held_ms = now_ms
        full = waiting >= PER_REPORT
        if not (urgent or full or now_ms - self._held_ms >= report_s * 1000):
            return
        while len(self._flights) < WINDOW:
            run = store.next_run(BODY_BYTES, PER_REPORT)
            if run is None:
                self._held_ms = None
                return
            if not self._report(run, False, now_ms):
                return

    def _ahead(self, now_ms: int) -> None:
        """Behind a backlog, alarms and the newest sample do not wait for their turn."""
        store = self._store
        run = store.next_alarm() or store.newest_alone()
        while run is not None and len(self._flights) < WINDOW + AHEAD:
            if not self._report(run, True, now_ms):
                return
            run = store.next_alarm() or store.newest_alone()

    def _report(self, run: Run, live: bool, now_ms: int) -> bool:
        store = self._store
        key = (run.life, run.boot)
        lost = [] if live or key in self._told else store.gone.get(key, [])
        gone = run.gone + lost
        body = wire.report(run.life, run.boot, run.seq, run.texts, live, gone)
        if not self._publish("report", body, now_ms):
            return False
        count = len(run.texts)
        store.mark_sent(run.life, run.boot, run.seq, count)
        self._flights.append((run.life, run.boot, run.seq, run.seq + count - 1, now_ms))
        if lost:
            self._told.append(key)
        return True

    def _publish(self, kind: str, body: bytes, now_ms: int) -> bool:
        if not self._transport.publish(wire.topic(self._tracker, kind), body):
            return False
        if self._asked_ms is None:
            self._asked_ms = now_ms
        return True
