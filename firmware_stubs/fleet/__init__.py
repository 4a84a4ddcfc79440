"""Simulated vehicles that run the tracker's own firmware, live over a broker, as history, or from a recorded drive."""
