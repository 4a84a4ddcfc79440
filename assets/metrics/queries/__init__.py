"""Reads of the days: which are meant, sums and counts per group, and the days themselves."""
