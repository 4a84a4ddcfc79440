"""The live fleet: many vehicles in one process and one thread, each stepped once a second, spread over the second."""

import logging
import resource
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from firmware_stubs.fleet import state_dir
from firmware_stubs.fleet.driver import VehicleSpec
from firmware_stubs.fleet.faults import Faults, Mishaps
from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.fleet.mqtt_transport import Credential, MqttTransport
from firmware_stubs.fleet.record import RecordFile
from firmware_stubs.fleet.vehicle import SimulatedVehicle
from firmware_stubs.tracker.uplink import CONNECTING

SAVE_S = 60.0
CATCH_UP_S = 3_600.0  # with a speed above 1: how far back a vehicle starts that has no state
CATCH_UP_MOST_S = 7 * 86_400.0
FAREWELL_S = 2.0
SLICES = 20  # of a second: not all trackers of a country speak at once
THEFT_NORTH_DEG = -1.8  # 200 km south of its depot

log = logging.getLogger("fleet")


class Running:
    """One vehicle on the road with its connection and its mishaps."""

    def __init__(
        self,
        credential: Credential,
        spec: VehicleSpec,
        start_s: float,
        *,
        root: Path | None = None,
        record: Path | None = None,
        faults: Faults | None = None,
        state: dict[str, object] | None = None,
    ) -> None:
        faults = Faults() if faults is None else faults
        self.root = root
        self.start_s = start_s
        self.transport = MqttTransport(credential, faults.copies)
        self.witness = None if record is None else RecordFile(record / f"{spec.tracker}.txt")
        self.vehicle = SimulatedVehicle(
            spec,
            MemoryFlash() if root is None else state_dir.open_flash(root, spec.tracker),
            self.transport,
            start_s,
            state=state,
            real_link=True,
            witness=self.witness,
        )
        self._mishaps = Mishaps(faults, self.vehicle, self.transport, time.monotonic())

    def go_on(self, until_s: float) -> None:
        """Second by second, so that the counters stay exact at any speed; after a stall of the machine in one step."""
        vehicle = self.vehicle
        self._mishaps.happen(time.monotonic())
        if until_s - vehicle.driver.now_s > 600.0:
            vehicle.tick(until_s - 600.0)
        while until_s - vehicle.driver.now_s >= 2.0:
            vehicle.tick(vehicle.driver.now_s + 1.0)
        vehicle.tick(max(until_s, vehicle.driver.now_s))

    def save(self) -> None:
        if self.root is not None:
            state_dir.save(self.root, self.vehicle.spec.tracker, self.vehicle.state())


class Live:
    """Vehicles that run until told to stop. `speed` above 1 catches up from the past that much faster."""

    def __init__(self, running: Sequence[Running], speed: float, began_s: float) -> None:
        self.running = list(running)
        self._speed = speed
        self._began_s = began_s
        self._theft: tuple[str, float] | None = None
        self._stolen: list[tuple[Credential, VehicleSpec]] = []

    def will_be_robbed(self, credential: Credential, spec: VehicleSpec, after_s: float) -> None:
        """After so long a second device with this tracker's secret, and no memory of the first, drives far away."""
        self._theft = (spec.tracker, self._began_s + after_s)
        lat = spec.lat + THEFT_NORTH_DEG
        self._stolen = [(credential, replace(spec, lat=lat, seed=spec.seed + 100_003, night=False))]

    def run(self, stop: threading.Event) -> None:
        """Steps every vehicle once a second until `stop` is set; then says good-bye and saves."""
        saved_s = due_s = time.monotonic()
        part = 0
        while not stop.is_set():
            self._step(part)
            part = (part + 1) % SLICES
            now_s = time.monotonic()
            if now_s - saved_s >= SAVE_S:
                saved_s = now_s
                self._save()
            due_s = max(due_s + 1.0 / SLICES, now_s - 1.0)
            stop.wait(max(0.0, due_s - now_s))
        self._farewell()
        self._save()

    def _step(self, part: int) -> None:
        now_s = time.time()
        if self._theft is not None and now_s >= self._theft[1]:
            log.info("the secret of %s is stolen", self._theft[0])
            self._theft = None
            self.running += [Running(credential, spec, now_s) for credential, spec in self._stolen]
        ahead_s = (now_s - self._began_s) * self._speed
        for one in self.running[part::SLICES]:
            one.go_on(min(now_s, one.start_s + ahead_s))
        for one in self.running:
            if one.vehicle.client.uplink.phase == CONNECTING:  # four packets to and fro: not one a second
                one.vehicle.client.step()

    def _save(self) -> None:
        for one in self.running:
            one.save()

    def _farewell(self) -> None:
        """Lets receipts under way arrive, so that little is sent again at the next start; then disconnects in order."""
        until_s = time.monotonic() + FAREWELL_S
        waiting = [one.vehicle.client for one in self.running]
        while waiting and time.monotonic() < until_s:
            for client in waiting:
                client.step()
            waiting = [one for one in waiting if one.uplink.conn and one.store.newest() is not None]
            if waiting:
                time.sleep(0.05)
        for running in self.running:
            running.vehicle.client.uplink.close()


def start_s(state: dict[str, object] | None, now_s: float, speed: float) -> float:
    """Now; or with a speed above 1 where the state ends, at most a week ago."""
    if speed <= 1.0:
        return now_s
    ended_s = state.get("t") if state is not None else None
    if not isinstance(ended_s, int | float):
        return now_s - CATCH_UP_S
    return min(now_s, max(ended_s, now_s - CATCH_UP_MOST_S))


def allow_files(count: int) -> None:
    """Raises this process's limit of open files as far as it may; OSError says if that is not enough."""
    needed = count + 64
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise OSError(f"{count} connections and records need {needed} open files; the limit is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
