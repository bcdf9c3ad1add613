"""Estimators pruned by Optimal Brain Surgeon and its relatives."""
