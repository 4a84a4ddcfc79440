"""One question: may this item be used, and if not, why."""
