"""Rules from fitted networks."""
