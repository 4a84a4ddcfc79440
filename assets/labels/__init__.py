"""Label codes, their QR symbols, and sheets to print: pure, no tables."""
