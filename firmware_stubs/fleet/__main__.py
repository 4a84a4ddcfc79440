"""Starts the fleet's command line."""

import sys

from firmware_stubs.fleet.run import main

sys.exit(main())
