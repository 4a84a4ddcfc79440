"""Exposure and state of each asset on each local day, and the figures that follow from them."""
