"""Properties of drawn lines."""


def styled(defaults, given):
    """The defaults, or what was given instead under any of its names, such as `lw` and `c`."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return defaults | normalize_kwargs(given, Line2D)
