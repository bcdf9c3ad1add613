"""Threads, symmetric matrices, scatter."""
