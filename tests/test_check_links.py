"""The documentation's link checker finds what leads nowhere, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "doc" / "check_links.py"


def check(folder, body):
    """Exit status and output for a site of two pages and a picture."""
    (folder / "sub").mkdir()
    (folder / "sub" / "other.html").write_text('<h1 id="title">Other</h1><a href="..">up</a>')
    (folder / "picture one.png").write_bytes(b"")
    (folder / "index.html").write_text(f'<a name="here"></a>{body}')
    done = subprocess.run([sys.executable, SCRIPT, folder], capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    "body",
    [
        '<a href="sub/other.html#title">a</a>',
        '<a href="#here">a</a><a href="#">a</a>',
        '<img src="picture%20one.png">',
        '<a href="https://example.org/nowhere#at-all">a</a><a href="mailto:a@b.c">a</a>',
    ],
)
def test_good_addresses_pass(tmp_path, body):
    assert check(tmp_path, body) == (0, "2 pages, 0 broken addresses\n")


@pytest.mark.parametrize(
    "body",
    [
        '<a href="missing.html">a</a>',
        '<a href="sub/other.html#subtitle">a</a>',
        '<a href="#there">a</a>',
        '<img src="picture.png">',
        '<script src="sub/missing.js"></script>',
    ],
)
def test_broken_addresses_fail(tmp_path, body):
    status, output = check(tmp_path, body)
    assert status == 1
    assert output.endswith("2 pages, 1 broken addresses\n")


def test_a_site_without_pages_fails(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "0 pages, 0 broken addresses\n")
