"""Networks read unit by unit: rules of hidden units, and of the classes in terms of these."""

import numpy as np

from .logic import ALWAYS, NEVER, Variable
from .n_of_m import Unit, best_threshold, unit_rule
from .rule_set import Forms, flags
from .truth_table import shortest_form

MAX_UNITS = 12  # hidden units whose combinations are tabulated


class UnitsUnreadable(ValueError):
    """A network that cannot be read unit by unit."""


def read_units(subject, first):
    """Describe each hidden unit as on or off, and the classes by the last layer's units.

    Parameters
    ----------
    subject : DiscreteClassifier
    first : ndarray of shape (n_samples, n_attributes)
        Numbers of the attributes' values, for which units are on or off.

    Returns
    -------
    forms : Forms

    Raises
    ------
    UnitsUnreadable
        If there are too many units, or none for several classes.
    """
    network, labels = subject.network, subject.labels(first)
    linked = _linked_attributes(subject)
    if network.n_layers == 1 or (linked and not any(map(np.any, network.alive()[1:-1]))):
        return Forms(subject, [], _classes_by_inputs(subject, first, labels))
    variables, codes, units = subject.variables, first, []
    links = _input_links(subject, network.coefs[0])
    values = network.hidden_values(subject.inputs(first))
    for layer, alive in enumerate(network.alive()[1:-1]):
        forms, levels = {}, []
        for unit in np.flatnonzero(alive):
            on, low, high = _two_levels(values[layer][:, unit])
            bias = network.intercepts[layer][unit]
            seen = [link[:, unit] for link in links]
            forms[network.unit_name(layer + 1, unit)] = _form_of(variables, seen, bias, codes, on)
            levels.append(np.array([[low], [high]]) * network.coefs[layer + 1][unit])
        links, codes = levels, flags(forms.values(), codes)
        variables = [Variable(name, ("off", "on"), flag=True) for name in forms]
        units.append(forms)
    variables += [subject.variables[attribute] for attribute in linked]
    codes = np.hstack([codes, first[:, linked]])
    classes = _classes_by_values(network, variables, codes, labels)
    return Forms(subject, _spoken_of(units, classes), classes, linked)


def _linked_attributes(subject):
    """Numbers of the attributes that the outputs see themselves."""
    mask = subject.network.direct_mask
    if mask is None:
        return []
    seen = [mask[attribute.columns].any() for attribute in subject.attributes]
    return np.flatnonzero(seen).tolist()


def _spoken_of(units, classes):
    """Forget the rule of each unit that no rule above it speaks of; it then counts as off."""
    above, found = classes.values(), []
    for layer in reversed(units):
        axes = set().union(*(form.axes for form in above))
        found.insert(
            0,
            {
                name: form if axis in axes else NEVER
                for axis, (name, form) in enumerate(layer.items())
            },
        )
        above = found[0].values()
    return found


def _input_links(subject, coef):
    """Return, for each attribute, what each of its values adds to units that see the inputs."""
    return [attribute.states @ coef[attribute.columns] for attribute in subject.attributes]


def _two_levels(values):
    """Split a unit's activations in two where the variance within the parts is least."""
    order = np.sort(values)
    n = np.arange(1, len(order))
    if not n.size or order[0] == order[-1]:
        return np.ones(len(values), dtype=bool), order[0], order[0]
    sums = np.cumsum(order)
    low, high = sums[:-1] / n, (sums[-1] - sums[:-1]) / (len(order) - n)
    between = np.where(order[1:] > order[:-1], n * (len(order) - n) * (high - low) ** 2, -1.0)
    split = between.argmax()
    return values > order[split], low[split], high[split]


def _form_of(variables, links, bias, codes, on):
    if on.all() or not on.any():
        return ALWAYS if on.all() else NEVER
    unit = Unit(variables, links, bias, cut=0.0)
    cut = best_threshold(unit.net_input(codes), on)
    return unit_rule(Unit(variables, links, bias, cut), codes)


def _classes_by_values(network, variables, codes, labels):
    """Tabulate the class that most samples have for each combination of units on and off.

    And of values of the attributes that outputs see themselves.
    """
    shape = tuple(len(variable.values) for variable in variables)
    n_patterns = int(np.prod([float(size) for size in shape]))
    if n_patterns > 2**MAX_UNITS:
        n_units = sum(variable.flag for variable in variables)
        n_linked = len(variables) - n_units
        direct = f" and direct links from {n_linked} attributes" if n_linked else ""
        raise UnitsUnreadable(
            f"The last hidden layer has {n_units} units{direct}, too many for rules that can be "
            f"read (at most {MAX_UNITS} units, or as many combinations of values). Prune further, "
            "or by granularity='unit'."
        )
    strides = np.cumprod((*shape[1:], 1)[::-1])[::-1][: len(shape)]
    pattern = codes @ strides
    counts = [
        np.bincount(pattern[labels == label], minlength=n_patterns) for label in network.classes
    ]
    votes = np.array(counts).reshape(-1, *shape)
    unseen = votes.sum(axis=0) == 0
    return {
        label: shortest_form(votes.argmax(axis=0) == k, variables, dont_care=unseen)
        for k, label in enumerate(network.classes.tolist())
    }


def _classes_by_inputs(subject, codes, labels):
    """Describe two classes by the one output unit of a network without hidden units, or by two."""
    network = subject.network
    links = _input_links(
        subject, network.coefs[0] if network.n_layers == 1 else network.direct_coef
    )
    if len(network.classes) > 2:
        raise UnitsUnreadable(
            f"The network has no hidden unit and {len(network.classes)} classes, of which no "
            "single unit decides, so there is nothing to read unit by unit. Use method='table', "
            "with a larger max_patterns if the table is too large, or export_text."
        )
    negative, positive = network.classes.tolist()
    bias, seen = network.intercepts[-1], links
    if len(bias) == 2:
        bias, seen = np.diff(bias), [np.diff(link) for link in links]
    seen = [link[:, 0] for link in seen]
    return {
        negative: _form_of(
            subject.variables, [-link for link in seen], -bias[0], codes, labels == negative
        ),
        positive: _form_of(subject.variables, seen, bias[0], codes, labels == positive),
    }
