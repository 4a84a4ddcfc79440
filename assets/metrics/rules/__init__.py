"""Pure rules of the metrics: what a day was, the formulas, and their intervals."""
