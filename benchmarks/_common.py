"""What the benchmarks share: the machine's description and tables."""

import os
import platform
from pathlib import Path

import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info

import skprune


def describe_machine():
    """Print the processor, the cores, the versions and BLAS with its threads."""
    blas = sorted(
        {
            f"{pool['internal_api']} {pool['version']} ({pool['num_threads']} threads)"
            for pool in threadpool_info()
            if pool["user_api"] == "blas"
        }
    )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"machine: {_processor()}, {os.cpu_count()} cores, {platform.system()}, load {load:.1f}")
    print(
        f"software: Python {platform.python_version()}, numpy {np.__version__}, scipy "
        f"{scipy.__version__}, scikit-learn {sklearn.__version__}, skprune {skprune.__version__}, "
        f"{', '.join(blas)}"
    )


def _processor():
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def print_table(title, header, rows):
    """Print a table in Markdown, its columns aligned."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths)) + " |" for row in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    print(f"\n{title}\n", *lines, sep="\n", flush=True)
