"""One simulated vehicle: what it truly does, its receiver, and the tracker's own firmware on a simulated board."""

from firmware_stubs.fleet.board import SimBoard
from firmware_stubs.fleet.driver import Driver, VehicleSpec
from firmware_stubs.fleet.nmea_out import sentences, void_sentences
from firmware_stubs.fleet.receiver import Receiver, dead_zones
from firmware_stubs.fleet.routes import BLOCK_M, Plane
from firmware_stubs.tracker.client import Client
from firmware_stubs.tracker.nmea import Fix
from firmware_stubs.tracker.ports import Flash, Transport, Witness

MOVING_STEP_S = 40.0  # coarse steps, for history; a bend in the road always ends one
PARKED_STEP_S = 900.0
IDLE_STEP_S = 50.0
ARRIVAL_S = 2.0
GPS_START = 315_964_800  # 1980-01-06: a receiver whose clock was never set
ROLLOVER_S = 1_024 * 7 * 86_400
YEAR_S = 365 * 86_400


class SimulatedVehicle:
    """Starts its tracker at `now_s` (a new boot on this flash) and goes on from `state` if there is one."""

    def __init__(
        self,
        spec: VehicleSpec,
        flash: Flash,
        transport: Transport,
        now_s: float,
        *,
        state: dict[str, object] | None = None,
        settings: dict[str, int] | None = None,
        real_link: bool = False,
        witness: Witness | None = None,
    ) -> None:
        self.spec = spec
        self.wrong_clock: str | None = None  # "unset", "rollover" or "ahead": what the receiver says instead
        self._witness = witness
        self._flash = flash
        self._transport = transport
        self._settings = settings
        self._real_link = real_link
        self._arrived = False
        self.driver = Driver(spec, now_s, state)
        zones = dead_zones(spec.seed, spec.reach_blocks * BLOCK_M)
        self._receiver = Receiver(Plane(spec.lat, spec.lon), f"receiver/{spec.seed}/{now_s:.0f}", zones=zones)
        self.restart("power_on")

    def restart(self, reset: str) -> None:
        """The tracker starts anew on its flash: a new boot."""
        now_s = self.driver.now_s
        seed = f"board/{self.spec.tracker}/{self.spec.seed}/{now_s:.3f}"
        self.board = SimBoard(now_s, seed, reset=reset, real_link=self._real_link)
        self.client = Client(
            self.spec.tracker,
            self.board,
            self._flash,
            self._transport,
            settings=self._settings,
            witness=self._witness,
        )

    def wipe(self) -> None:
        """The flash loses everything: the next start begins a new life."""
        if self._witness is not None:
            for life, boot, seq in self.client.store.held():
                self._witness.gave_up(life, boot, seq)
        for name in self._flash.names():
            self._flash.remove(name)

    def tick(self, now_s: float) -> None:
        """One second of a live vehicle: drive, hear the receiver's NMEA sentences, let the firmware work."""
        self._advance(now_s - self.driver.now_s)
        fix = self._receiver.observe(now_s, *self.driver.place, self.driver.speed_ms, self.driver.heading)
        if fix is not None and self.wrong_clock is not None:
            self._spoil(fix)
        self.client.receive(void_sentences(now_s) if fix is None else sentences(fix))
        self.client.step()
        if self.board.reboot_asked:
            self.restart("command")

    def _spoil(self, fix: Fix) -> None:
        now_s = int(self.driver.now_s)
        if self.wrong_clock == "unset":
            fix.t = GPS_START + self.board.up_ms() // 1000
        elif self.wrong_clock == "rollover":
            fix.t = now_s - ROLLOVER_S
        else:
            fix.t = now_s + YEAR_S

    def leap(self, until_s: float) -> None:
        """A coarse step towards `until_s` with the same firmware core, fed with fixes: for history."""
        driver = self.driver
        cap_s = {"driving": MOVING_STEP_S, "idling": IDLE_STEP_S}.get(driver.mode, PARKED_STEP_S)
        if self._arrived:
            cap_s = ARRIVAL_S
        was_on = bool(self.board.ignited)
        self._advance(min(cap_s, driver.calm_s(), until_s - driver.now_s))
        # The engine is still on where a coarse step ends at the kerb; else its last metres would look like a tow.
        self._arrived = was_on and not (driver.ignition or self._arrived)
        self.board.ignited = driver.ignition or self._arrived
        fix = self._receiver.observe(driver.now_s, *driver.place, driver.speed_ms, driver.heading)
        self.client.observe(fix)

    def _advance(self, step_s: float) -> None:
        self.driver.advance(max(0.0, step_s))
        self.board.now_s = self.driver.now_s
        self.board.ignited = self.driver.ignition

    def state(self) -> dict[str, object]:
        """The simulation's part of what must be kept for a later start; the firmware keeps its own on the flash."""
        return {**self.driver.state(), "t": self.driver.now_s}
