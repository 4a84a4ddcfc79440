"""What people do with an asset in hand: one module per subject."""
