"""What all estimators share: labels, folds, hold-out, warnings, transactions."""
