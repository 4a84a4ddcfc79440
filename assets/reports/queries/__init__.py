"""Reads for donor summaries: what was given, where it is, its care, its results; with what a donor must not see."""
