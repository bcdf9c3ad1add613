"""Exported C, compiled with every warning an error and run under sanitisers, row by row."""

import shutil
import subprocess

import numpy as np
import pytest

COMPILER = shutil.which("gcc") or shutil.which("clang") or shutil.which("cc")
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wdouble-promotion"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"]

needs_compiler = pytest.mark.skipif(
    COMPILER is None, reason="there is no C compiler (gcc, clang or cc) here"
)

MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "{name}.h"

static const char *const cells[{n_rows}][{n_columns}] = {{
{rows}
}};

int main(void)
{{
    for (int i = 0; i < {n_rows}; i++) {{
        {dtype} x[{n_columns}], y[{n_outputs}];
        for (int j = 0; j < {n_columns}; j++) {{
            x[j] = {convert};
        }}
        {name}(x, y);
        for (int k = 0; k < {n_outputs}; k++) printf("%.17g ", (double)y[k]);
        for (const char *c = {told}; *c; c++) printf("%02x", (unsigned)(unsigned char)*c);
        puts("");
    }}
    return 0;
}}
"""


def as_c(cell):
    """A cell of a table as a C string; a missing one is a null pointer."""
    if cell is None or cell != cell:
        return "NULL"
    text = cell if isinstance(cell, str) else repr(float(cell))
    return '"' + "".join(f"\\{byte:03o}" for byte in text.encode()) + '"'


def run_c(source, header, X, n_outputs, folder, *, name="predict", dtype="double", words=()):
    """Outputs of the C function for rows of raw values, and the labels that it tells.

    Columns in ``words`` go through ``predict_word``, the others are numbers.
    """
    X = np.asarray(X, dtype=object)
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.c").write_text(source, encoding="utf-8")
    (folder / f"{name}.h").write_text(header, encoding="utf-8")
    number = f'({dtype})(cells[i][j] ? strtod(cells[i][j], NULL) : strtod("nan", NULL))'
    is_word = " || ".join(f"j == {j}" for j in words)
    convert = f"({is_word}) ? {name}_word(j, cells[i][j]) : {number}" if words else number
    told = '""'
    if f"{name}_class" in source:
        told = f'{name}_class(x) < 0 ? "none" : {name}_labels[{name}_class(x)]'
    main = MAIN.format(
        name=name, n_rows=len(X), n_columns=X.shape[1], n_outputs=n_outputs, dtype=dtype,
        rows=",\n".join("{" + ", ".join(map(as_c, row)) + "}" for row in X),
        convert=convert, told=told,
    )  # fmt: skip
    (folder / "main.c").write_text(main, encoding="utf-8")
    sources = [folder / f"{name}.c", folder / "main.c"]
    command = [COMPILER, *STRICT, *SANITIZE, *sources, "-o", folder / "run", "-lm"]
    subprocess.run(command, check=True, capture_output=True, text=True)
    # (Leak detection traces processes, which containers may forbid; there is no heap to leak.)
    run = subprocess.run(
        [folder / "run"], check=True, capture_output=True, text=True, encoding="utf-8",
        env={"ASAN_OPTIONS": "detect_leaks=0"},
    )  # fmt: skip
    lines = [line.split(" ", n_outputs) for line in run.stdout.rstrip("\n").split("\n")]
    outputs = np.array([list(map(float, line[:n_outputs])) for line in lines])
    return outputs, [bytes.fromhex(line[n_outputs]).decode() for line in lines]
