"""Reads of vehicle papers: entries, what is due, and what driving takes and costs."""
