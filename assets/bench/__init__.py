"""Measurements, against temporary databases and brokers, through the front doors."""
