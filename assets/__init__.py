"""Register, custody, telemetry, care and donor reporting for donated equipment."""

__version__ = "0.2.0"
