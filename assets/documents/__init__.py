"""Papers and pictures that belong to a grant, batch, model, asset, calibration, work order, operation or case."""
