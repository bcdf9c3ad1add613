"""Training: L-BFGS, descent under a penalty, and the penalties."""
