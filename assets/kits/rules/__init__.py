"""Pure decisions of kits; one module per subject."""
