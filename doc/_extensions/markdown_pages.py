"""The Markdown of this repository's own pages as reStructuredText.

Headings, paragraphs, flat lists, pipe tables, fenced code, inline code, emphasis and links: what
``benchmarks/README.md`` uses, so that its tables are in one place and the documentation shows them.
"""

import re

_UNDERLINES = {2: "=", 3: "-", 4: "~"}
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_CODE = re.compile(r"`([^`]+)`")


def _inline(text):
    """Code spans and links; what stands outside them loses its meaning to reStructuredText."""
    parts = []
    for number, part in enumerate(_CODE.split(text)):
        if number % 2:
            parts.append(f"``{part}``")
        else:
            escaped = re.sub(r"([\\|_])", r"\\\1", part)
            parts.append(_LINK.sub(r"`\1 <\2>`__", escaped))
    return "".join(parts)


def _cells(line):
    return [_inline(cell.strip()) for cell in line.strip().strip("|").split("|")]


def _table(lines):
    """A list table from the lines of a pipe table, the rule below its header left out."""
    rows = [_cells(line) for line in [lines[0], *lines[2:]]]
    yield from (".. list-table::", "   :header-rows: 1", "   :class: figures", "")
    for row in rows:
        if len(row) != len(rows[0]):
            raise ValueError(
                f"A row of a Markdown table has {len(row)} cells, not {len(rows[0])}: {row}"
            )
        for number, cell in enumerate(row):
            yield f"   {'* -' if number == 0 else '  -'} {cell}".rstrip()


def _blocks(text):
    """Groups of lines between blank ones; fenced code is one block."""
    block, in_code = [], False
    for line in [*text.splitlines(), ""]:
        if line.startswith("```"):
            in_code = not in_code
        if line.strip() or in_code:
            block.append(line)
        elif block:
            yield block
            block = []


def _convert_block(block):
    first = block[0]
    heading = re.match(r"(#+) (.*)", first)
    if heading:
        title = _inline(heading[2])
        yield from (title, _UNDERLINES[len(heading[1])] * len(title))
        if block[1:]:
            yield ""
            yield from _convert_block(block[1:])
    elif first.startswith("```"):
        yield from (f".. code-block:: {first[3:] or 'text'}", "")
        yield from (f"   {line}" for line in block[1:-1])
    elif first.startswith("|"):
        yield from _table(block)
    else:
        yield from map(_inline, block)


def to_rst(text):
    """Convert a page, its title (the heading of first order) left out."""
    body = re.sub(r"\A# .*\n", "", text)
    return "\n\n".join("\n".join(_convert_block(block)) for block in _blocks(body)) + "\n"


def write(source, target):
    """Convert a file into another one."""
    target.parent.mkdir(exist_ok=True)
    target.write_text(to_rst(source.read_text(encoding="utf-8")), encoding="utf-8")
