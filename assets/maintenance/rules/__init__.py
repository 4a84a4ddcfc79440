"""Pure decisions of maintenance; one module per subject."""
