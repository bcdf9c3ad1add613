"""What the columns between a pipeline's steps are, as functions of its raw columns."""
