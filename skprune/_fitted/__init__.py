"""What a fitted network is to others: reading, targets, loss, view, drawing."""
