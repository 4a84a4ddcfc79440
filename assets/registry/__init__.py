"""Grants, handover batches, classes, models, assets, labels and meters: what was given and what it is."""
