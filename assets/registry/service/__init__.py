"""What people do with registered things; one module per subject."""
