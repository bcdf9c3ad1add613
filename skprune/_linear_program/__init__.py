"""Perceptrons as exact linear programs (H96)."""
