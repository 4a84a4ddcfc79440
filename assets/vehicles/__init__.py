"""The papers of vehicles: fuel, insurance and inspection, accidents, trip sheets, and what driving costs."""
