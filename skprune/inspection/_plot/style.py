"""Properties of drawn lines and names."""

#: Names are drawn as they are: in those of users a dollar sign is money, and starts no formula.
LITERAL = {"parse_math": False}


def styled(defaults, given):
    """The defaults, or what was given instead under any of its names, such as `lw` and `c`."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return defaults | normalize_kwargs(given, Line2D)
