"""Migrations of the two databases: `main` and `telemetry`, each with its own chain of versions."""
