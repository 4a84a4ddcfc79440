"""Command line of the fleet: `python -m firmware_stubs.fleet --credentials FILE.json`, live or replaying a drive."""

import argparse
import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from firmware_stubs.fleet import state_dir
from firmware_stubs.fleet.driver import VehicleSpec
from firmware_stubs.fleet.faults import add_options, of_options, theft_of
from firmware_stubs.fleet.flash import MemoryFlash
from firmware_stubs.fleet.live import Live, Running, allow_files, start_s
from firmware_stubs.fleet.mqtt_transport import Credential, MqttTransport, credential
from firmware_stubs.fleet.replay import Replay, read_drive
from firmware_stubs.tracker.ports import Flash

PATIENCE_S = 60.0
TASHKENT = (41.2995, 69.2401)

log = logging.getLogger("fleet")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT, or to the end of a replay.

    Returns 0 if it ended well, 1 for a replay that lacks receipts, 2 for bad input.
    """
    options = _options().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        credentials = read_credentials(options.credentials)
        if options.replay is not None:
            return _replay(options, credentials, stop)
        return _live(options, credentials, stop)
    except (OSError, ValueError) as error:
        log.error("%s", error)
        return 2


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m firmware_stubs.fleet", description="Simulated vehicles that run the tracker firmware."
    )
    parser.add_argument(
        "--credentials",
        type=Path,
        required=True,
        metavar="FILE",
        help="JSON list of what `assets tracker add --json` printed; lat, lon, seed may be added to each",
    )
    parser.add_argument("--vehicles", type=int, metavar="N", help="run only the first N")
    parser.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help="above 1: start in the past (where the state ends) and catch up X times as fast",
    )
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="keep flash and vehicles here")
    parser.add_argument(
        "--record", type=Path, metavar="DIR", help="each vehicle writes there what it sampled and what it erased"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="replay a drive (GPX, JSON) and end")
    parser.add_argument("--tracker", metavar="ID", help="which tracker replays it (default: the first)")
    parser.add_argument("--rate", type=float, default=1.0, metavar="X", help="replay X times as fast")
    add_options(parser)
    return parser


def read_credentials(path: Path) -> list[Credential]:
    """All trackers of a credentials file; ValueError names the entry and what is wrong with it."""
    try:
        entries = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: not readable as JSON: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{path}: a list of at least one tracker is expected")
    found: list[Credential] = []
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise ValueError(f"{path}: entry {number} is not an object")
        try:
            found.append(credential(entry))
        except ValueError as error:
            raise ValueError(f"{path}: entry {number}: {error}") from error
    names = [one.tracker for one in found]
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: a tracker is named twice")
    return found


def spec_of(one: Credential, number: int) -> VehicleSpec:
    """The vehicle of a tracker: its depot and seed, or a place in Tashkent and its number in the file."""
    lat = TASHKENT[0] if one.lat is None else one.lat
    lon = TASHKENT[1] if one.lon is None else one.lon
    return VehicleSpec(one.tracker, lat, lon, number if one.seed is None else one.seed)


def _flash(root: Path | None, tracker: str) -> Flash:
    return MemoryFlash() if root is None else state_dir.open_flash(root, tracker)


def _replay(options: argparse.Namespace, credentials: list[Credential], stop: threading.Event) -> int:
    if options.rate <= 0:
        raise ValueError("--rate must be above 0")
    chosen = [one for one in credentials if options.tracker in (None, one.tracker)]
    if not chosen:
        raise ValueError(f"tracker {options.tracker} is not in {options.credentials}")
    one = chosen[0]
    drive = read_drive(options.replay)
    replay = Replay(one.tracker, drive, _flash(options.state_dir, one.tracker), MqttTransport(one))
    done = replay.run(options.rate, stop.wait, time.monotonic, PATIENCE_S)
    replay.client.uplink.close()
    facts = {
        "tracker": one.tracker,
        "life": replay.client.state.life,
        "boot": replay.client.state.boot,
        "samples": replay.client.store.next_seq,
        "odo_m": replay.client.motion.odo_mm / 1000,
        "receipted": done,
    }
    print(json.dumps(facts), flush=True)
    return 0 if done else 1


def _live(options: argparse.Namespace, credentials: list[Credential], stop: threading.Event) -> int:
    if options.speed <= 0:
        raise ValueError("--speed must be above 0")
    if options.vehicles is not None:
        credentials = credentials[: options.vehicles]
    faults, theft = of_options(options), theft_of(options)
    root: Path | None = options.state_dir
    allow_files(len(credentials) * (2 if options.record else 1))
    began_s = time.time()
    running = []
    for number, one in enumerate(credentials):
        state = None if root is None else state_dir.load(root, one.tracker)
        begins_s = start_s(state, began_s, options.speed)
        spec = spec_of(one, number)
        running.append(Running(one, spec, begins_s, root=root, record=options.record, faults=faults, state=state))
    live = Live(running, options.speed, began_s)
    if theft is not None:
        robbed = [number for number, one in enumerate(credentials) if one.tracker == theft[0]]
        if not robbed:
            raise ValueError(f"tracker {theft[0]} is not in {options.credentials}")
        live.will_be_robbed(credentials[robbed[0]], spec_of(credentials[robbed[0]], robbed[0]), theft[1])
    log.info("%d vehicles are on the road", len(running))
    live.run(stop)
    log.info("stopped")
    return 0
