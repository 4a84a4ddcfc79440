"""Telemetry: what trackers say, kept without loss, and what it means in trips, kilometres and hours."""
