"""Names and labels in source code: what cannot break it."""

import keyword
import re

from .reserved import RESERVED_IN_C

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
# The generated module's own.
_RESERVED_IN_PYTHON = frozenset([*keyword.kwlist, "np"])


def check_c_name(name):
    """Raise if no C function should have this name."""
    # The standard keeps names that begin with an underscore and a capital, or with two, for itself.
    # POSIX keeps those that end in _t for types.
    is_taken = name in RESERVED_IN_C or name == name.upper() or re.match("_[A-Z_]|.*_t$", name)
    is_taken = is_taken or name in ("x", "y")  # the arguments
    _check(name, is_taken)


def check_python_name(name):
    """Raise if no function of the generated module can have this name."""
    _check(name, name in _RESERVED_IN_PYTHON)


def _check(name, is_taken):
    if is_taken or not _IDENTIFIER.fullmatch(name):
        raise ValueError(
            f"name={name!r} cannot be the name of a function; use letters, digits and underscores, "
            "and no name that is taken, for instance name='predict'."
        )


def in_comment(name):
    """A name that cannot end the comment or docstring in which it stands, nor continue its line.

    What cannot be seen or printed (controls, marks of direction, halves of characters) is told by
    its number; marks of comments, backslashes and the beginnings of trigraphs come apart.
    """
    plain = " ".join(re.sub(r'\*/|/\*|\\|"""', " ", str(name)).split())
    plain = re.sub(r"\?(?=\?)", "? ", re.sub(r"\*(?=/)|/(?=\*)", " ", plain))
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in plain)


def c_string(text):
    """A C string literal of the text's UTF-8 bytes."""
    data = str(text).encode("utf-8", "surrogatepass")
    return '"' + "".join(map(_c_byte, data)) + '"'


def _c_byte(byte):
    character = chr(byte)
    if character in '"\\?':
        return "\\" + character
    # (Octal digits, at most three, cannot run on into what follows.)
    return character if 32 <= byte < 127 else f"\\{byte:03o}"
