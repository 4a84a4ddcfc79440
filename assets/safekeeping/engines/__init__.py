"""The two database engines: a consistent copy under load, and a copy made into a database again."""
