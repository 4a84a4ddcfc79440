"""Reservations of shared assets: who asks for one, for when, and what its keeper answers."""
