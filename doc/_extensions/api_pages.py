"""The reference is written from ``__all__``, so that it is never behind the package."""

import inspect
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests"))

from public_api import PUBLIC_MODULES, PUBLIC_OBJECTS  # noqa: E402

PAGE = """\
Reference
=========

Estimators are imported from ``skprune`` itself, the rest from the module named.

"""
SECTION = """\
{title}
{line}

{summary}

.. currentmodule:: {module}

.. autosummary::
   :toctree: generated
   :template: {template}.rst
   :nosignatures:

{names}

"""


def _section(module_name, module):
    exported = [name for name in PUBLIC_OBJECTS if name.rpartition(".")[0] == module_name]
    title = module_name if module_name != "skprune" else "Estimators"
    for template, is_kind in (("class", inspect.isclass), ("function", inspect.isfunction)):
        names = sorted(name for name in exported if is_kind(PUBLIC_OBJECTS[name]))
        if names:
            yield SECTION.format(
                title=title,
                line="-" * len(title),
                summary=inspect.getdoc(module).splitlines()[0],
                module=module_name,
                template=template,
                names="\n".join(f"   {name.rpartition('.')[2]}" for name in names),
            )


def write(folder):
    """Write ``index.rst`` of the reference into a folder of the documentation's source."""
    folder.mkdir(exist_ok=True)
    sections = (_section(name, module) for name, module in sorted(PUBLIC_MODULES.items()))
    text = PAGE + "".join(part for section in sections for part in section)
    (folder / "index.rst").write_text(text, encoding="utf-8")
