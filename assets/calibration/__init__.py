"""Calibration, verification and functional checks: plans, records, decisions, certificates."""
