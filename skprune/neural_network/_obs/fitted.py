"""What users read of a pruned network."""


def alive_units(coef_masks):
    """Units of each hidden layer with a surviving outgoing weight."""
    return tuple(int(mask.any(axis=1).sum()) for mask in coef_masks[1:])
