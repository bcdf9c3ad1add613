"""The pruning loop, out of orthogonal pieces: one file a kind, one class a piece."""
