"""What may be entered of a vehicle, when a paper is due, and what driving takes and costs. Pure."""
