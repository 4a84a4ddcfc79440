"""What is done with rounds: entered line by line, counted in, closed."""
