"""The whole device: takes NMEA bytes or fixes once a second, samples, stores, and keeps the uplink going.

Main loop of a board, about once a second:

    client.receive(uart.read())   # or client.observe(fix), client.observe(None) when the receiver gives nothing
    client.step()
"""

from firmware_stubs.tracker import record, silence
from firmware_stubs.tracker.commands import Commands
from firmware_stubs.tracker.motion import Motion
from firmware_stubs.tracker.nmea import Fix, Parser
from firmware_stubs.tracker.ports import Board, Flash, Transport, Witness
from firmware_stubs.tracker.ring import BLOCKS
from firmware_stubs.tracker.sampling import Sampling
from firmware_stubs.tracker.servers import Servers
from firmware_stubs.tracker.state import State
from firmware_stubs.tracker.store import Store
from firmware_stubs.tracker.update import Updater
from firmware_stubs.tracker.uplink import VERSION, Uplink
from firmware_stubs.tracker.wire import ALARMS

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
        blocks: int = BLOCKS,
        witness: "Witness | None" = None,
        update_key: bytes = b"",
    ) -> None:
        """`settings` override the stored ones for this boot; `blocks` (of 4 KB) bound the flash used for samples.

        `update_key`: 32 bytes that check updates (see `update`); none: all are refused.
        """
        self.board = board
        self.state = State(flash, board)
        self.state.start()
        self.updater = Updater(self.state, board, VERSION, update_key)
        self.updater.start()
        if settings:
            self.state.config.update(settings)
        self.store = Store(flash, self.state.life, self.state.boot, blocks, witness, board.alive)
        self.store.hidden = self._hidden
        self.motion = Motion()
        self.parser = Parser()
        self.sampling = Sampling(self.state.config)
        self.servers = Servers(self.state)
        self.uplink = Uplink(tracker, board, transport, self.state, self.store, self.servers)
        self.commands = Commands(self.state, self.uplink, self.servers, self.updater)
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
        at_once = bool(events) or self.commands.locate
        course = (None, None) if fix is None else (fix.hdg, fix.spd_kmh)
        silent = bool(self.state.silent) and self._silent_at(self.time())
        if self.sampling.due(up_ms, motion.odo_mm, motion.moving, ignition, course, at_once, silent):
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
        if self.uplink.proved:
            self.updater.proved()
        self.updater.step(self.board.up_ms())
        self.commands.step(self._sure(t))
        if self.commands.reboot:
            self.uplink.close()
            self.board.reboot()

    def _sure(self, t: "int | None") -> "int | None":
        return t if t is None or t >= YEAR_2024 else None

    def _silent_at(self, t: "int | None") -> bool:
        return silence.covers(self.state.silent, self._sure(t), self._sure(self.time()))

    def _hidden(self, packed: bytes) -> bool:
        """A silence that was ordered after a sample was taken still holds for it."""
        return bool(self.state.silent) and record.placed(packed) and self._silent_at(record.time_of(packed))

    def _sample(self, up_ms: int, fix: "Fix | None", ignition: "bool | None", events: "list[str]") -> None:
        sample = record.Sample(up_ms, self.time())
        sample.ignition = ignition
        sample.events = events
        sample.health = self.board.health()  # type: ignore[assignment]
        sample.odo_mm = self.motion.odo_mm
        sample.eng_ms = self.motion.eng_ms
        if not (self.state.silent and self._silent_at(sample.t)):
            sample.receiver = self._fix_ms is not None
            if fix is not None:
                sample.lat_e7, sample.lon_e7, sample.mode = fix.lat_e7, fix.lon_e7, fix.mode
                sample.facts = {
                    "alt": fix.alt_m,
                    "spd": fix.spd_kmh,
                    "hdg": fix.hdg,
                    "sat": fix.sat,
                    "hdop": fix.hdop,
                }
        self.store.append(record.pack(sample))
        alarm = any(word in ALARMS for word in events)
        if self.commands.locate or alarm:
            self._urgent = True
        self.commands.locate = False
