"""Objects that carry the constants of one method."""
