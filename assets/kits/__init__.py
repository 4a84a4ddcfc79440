"""Kits: what belongs in one, what is in it, and whether it is complete."""
