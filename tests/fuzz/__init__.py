"""Random estimators on random data: what must hold after any fit."""
