"""Custody: issue, return, sighting and use of an asset, and who has it now."""
