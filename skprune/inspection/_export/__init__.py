"""Fitted networks as source code and text."""
