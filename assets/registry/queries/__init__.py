"""Reads of the registry; one module per subject."""
