"""Shifts: who goes out with what, from when until when, and what is not back."""
