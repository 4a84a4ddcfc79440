"""Command line of the past: `python -m firmware_stubs.fleet.past` prints what vehicles would have sent until now.

One JSON line `[sent_s, topic, payload]` for each message, vehicle after vehicle, in the order sent. A vehicle goes on
from its state in `--state-dir`, or starts at `--since`; its state at the end is written there, so that the live fleet
goes on from it.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware_stubs.fleet import state_dir
from firmware_stubs.fleet.driver import VehicleSpec
from firmware_stubs.fleet.flash import BYTES
from firmware_stubs.fleet.history import generate
from firmware_stubs.fleet.run import read_credentials, spec_of

SHORTEST_S = 600.0
log = logging.getLogger("fleet")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all was written, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m firmware_stubs.fleet.past", description=__doc__)
    parser.add_argument("--credentials", type=Path, required=True, metavar="FILE")
    parser.add_argument("--state-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--since", type=float, required=True, metavar="UNIX_S", help="for vehicles without a state")
    parser.add_argument("--until", type=float, required=True, metavar="UNIX_S")
    parser.add_argument("--vehicles", type=int, metavar="N", help="only the first N")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        for number, one in enumerate(read_credentials(options.credentials)[: options.vehicles]):
            _one(options, spec_of(one, number))
    except (OSError, ValueError) as error:
        log.error("%s", error)
        return 2
    return 0


def _one(options: argparse.Namespace, spec: VehicleSpec) -> None:
    state: dict[str, object] = {}
    since_s = float(options.since)
    sim = state_dir.load(options.state_dir, spec.tracker)
    if sim is not None:
        flash = state_dir.open_flash(options.state_dir, spec.tracker)
        state = {"sim": sim, "flash": {name: flash.read(name).decode(BYTES) for name in flash.names()}}
        ended_s = sim.get("t")
        since_s = max(since_s, ended_s) if isinstance(ended_s, int | float) else since_s
    if options.until - since_s < SHORTEST_S:
        return
    for message in generate(spec, since_s, options.until, state):
        print(json.dumps([message.sent_s, message.topic, message.payload.decode()]))
    sys.stdout.flush()
    state_dir.hand_over(options.state_dir, spec.tracker, state)


if __name__ == "__main__":
    sys.exit(main())
