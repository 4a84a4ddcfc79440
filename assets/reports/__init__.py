"""Donor summaries: figures that may leave the house, what they look like, and their release by two people."""
