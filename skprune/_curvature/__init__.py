"""Curvature, inverse and elimination: one form of the curvature a file."""
