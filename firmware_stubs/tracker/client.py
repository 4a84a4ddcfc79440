"""The whole device: takes NMEA bytes or fixes once a second, samples, stores, and keeps the uplink going.

Main loop of a board, about once a second:

    client.receive(uart.read())   # or client.observe(fix), client.observe(None) when the receiver gives nothing
    client.step()
"""

from firmware_stubs.tracker import wire
from firmware_stubs.tracker.commands import Commands
from firmware_stubs.tracker.motion import Motion
from firmware_stubs.tracker.nmea import Fix, Parser
from firmware_stubs.tracker.ports import Board, Flash, Transport
from firmware_stubs.tracker.sampling import Sampling
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.store import Store
from firmware_stubs.tracker.uplink import Uplink

NO_FIX_MS = 2500  # a receiver that has been silent so long has no fix
YEAR_2024 = 1704067200  # no older time can be true of this firmware: it judges no expiry


class Client:
    """Made once at each start of the device; making it counts the boot and takes up the backlog from the flash."""

    def __init__(
        self,
        tracker: str,
        board: Board,
        flash: Flash,
        transport: Transport,
        settings: "dict[str, int] | None" = None,
        segments: int = 256,
    ) -> None:
        """`settings` override the stored ones for this boot; `segments` bounds the flash used (64 samples each)."""
        self.board = board
        self.state = State(flash, board)
        self.state.start()
        if settings:
            self.state.config.update(settings)
        self.store = Store(flash, self.state.life, self.state.boot, segments)
        self.motion = Motion()
        self.parser = Parser()
        self.sampling = Sampling(self.state.config)
        self.uplink = Uplink(tracker, board, transport, self.state, self.store)
        self.commands = Commands(self.state, self.uplink)
        self._fix_ms: "int | None" = None
        self._fix_t: "int | None" = None
        self._urgent = False

    def time(self) -> "int | None":
        """UNIX time by the receiver, carried on by the board's clock; None before the first dated fix."""
        if self._fix_t is None or self._fix_ms is None:
            return None
        return self._fix_t + (self.board.up_ms() - self._fix_ms) // 1000

    def receive(self, data: bytes) -> None:
        """Takes the bytes that the receiver sent since the last call; none at all counts as no fix after a while."""
        fixes = self.parser.feed(data)
        for fix in fixes:
            self.observe(fix)
        if not fixes and (self._fix_ms is None or self.board.up_ms() - self._fix_ms > NO_FIX_MS):
            self.observe(None)

    def observe(self, fix: "Fix | None") -> None:
        """One second's position, or None without a fix: counts, and takes a sample if one is due."""
        up_ms = self.board.up_ms()
        ignition = self.board.ignition()
        if fix is not None and fix.t is not None:
            self._fix_ms = up_ms
            self._fix_t = fix.t
        motion = self.motion
        events = motion.update(up_ms, fix, ignition)
        due = self.sampling.due(up_ms, motion.odo_mm, motion.moving, ignition, events)
        if due or self.commands.locate:
            self._sample(up_ms, fix, ignition, events)

    def alarm(self, word: str) -> None:
        """Samples at once for an input of the board: power_cut, tamper, sos, crash, low_battery, power_back."""
        self._sample(self.board.up_ms(), None, self.board.ignition(), [word])

    def step(self) -> None:
        """Lets the network go on and carries out commands; never waits."""
        config = self.state.config
        t = self.time()
        self.uplink.step(self.board.link_ms(), self.board.up_ms(), t, config["report_s"], self._urgent)
        self._urgent = False
        self.commands.step(t if t is None or t >= YEAR_2024 else None)
        if self.commands.reboot:
            self.uplink.close()
            self.board.reboot()

    def _sample(self, up_ms: int, fix: "Fix | None", ignition: "bool | None", events: "list[str]") -> None:
        if fix is None:
            place = wire.no_position(self._fix_ms is not None)
        else:
            place = wire.position(fix.lat_e7, fix.lon_e7, fix.alt_m, fix.spd_kmh, fix.hdg, fix.sat, fix.hdop, fix.mode)
        text = wire.sample(
            up_ms,
            self.time(),
            place,
            ignition,
            self.motion.odo_mm,
            self.motion.eng_ms,
            self.board.health(),
            events,
        )
        alarm = any(word in wire.ALARMS for word in events)
        self.store.append(text, alarm)
        if self.commands.locate or alarm:
            self._urgent = True
        self.commands.locate = False
