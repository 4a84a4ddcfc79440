"""Handover rounds: what a deed promises, line by line, and what was counted in."""
