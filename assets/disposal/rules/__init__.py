"""Decisions of disposal: what is to be assessed, the memo value, and the steps of losses and disposals. Pure."""
