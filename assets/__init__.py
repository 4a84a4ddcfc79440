"""Register, custody, telemetry, care and donor reporting for donated equipment."""
