"""What the comment at the top of a source tells."""

from .names import in_comment


def facts(program, words_how):
    """Lines of the comment.

    Parameters
    ----------
    program : Program
    words_how : callable
        Given a column's number and its words, how words are passed.
    """
    columns, words = program.columns, program.words()
    what = "A network" if program.is_network else f"A {program.name}"
    lines = [
        f"{what} of {program.n_weights} weights that reads {len(columns)} of "
        f"{len(program.inputs)} inputs:"
    ]
    for i in columns:
        lines.append(f"x[{i}]: {in_comment(program.inputs[i])}")
        if i in words:
            lines[-1] += f", {words_how(i, words[i])}"
    if program.skipped:
        lines.append(
            "Its inputs are what comes out of steps that are not in here ("
            f"{', '.join(program.skipped)}). Raw values give wrong answers."
        )
    elif program.included:
        lines.append(
            "Raw values go in: scaling and encoding are part of the source "
            f"({', '.join(program.included)})."
        )
    lines.append("Its outputs:")
    lines += [f"y[{k}]: {program.kind} {in_comment(n)}" for k, n in enumerate(program.outputs)]
    return lines
