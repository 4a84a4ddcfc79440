"""Organisations, regions, units, persons, accounts and roles: who may do what."""
