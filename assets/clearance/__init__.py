"""Clearance of who leaves: what he still holds and began, and the case that stays open until nothing is left."""
