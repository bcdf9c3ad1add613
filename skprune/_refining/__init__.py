"""Weights rounded, or exchanged at one size."""
