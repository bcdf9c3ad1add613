"""What README and CONTRIBUTING tell a person to run works: continuous integration runs it."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
COMMAND = re.compile(r"(python3|\.venv/bin/\w[\w-]*) |\.ci/oldest$")


def commands(text):
    """Single commands, in order; ``a && b`` is two."""
    parts = [part.strip() for line in text.splitlines() for part in line.split(" && ")]
    return [part for part in parts if COMMAND.match(part)]


def code_blocks(document, language):
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)


def documented(document):
    return commands("\n".join(code_blocks(document, "bash")))


def executed():
    return commands((ROOT / ".ci" / "run").read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documented_commands_are_executed(document):
    assert documented(document)
    assert [command for command in documented(document) if command not in executed()] == []


def test_executed_commands_are_documented():
    known = {command for document in DOCUMENTS for command in documented(document)}
    assert [command for command in executed() if command not in known] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_line_of_a_shell_block_is_nothing_but_commands(document):
    lines = "\n".join(code_blocks(document, "bash")).splitlines()
    parts = [part for line in lines if line for part in line.split(" && ")]
    assert [part for part in parts if not COMMAND.match(part)] == []


def test_each_readme_command_is_a_line_of_its_own_that_installs_first():
    blocks = code_blocks("README.md", "bash")
    assert len(blocks) == 2
    for block in blocks:
        assert block.count("\n") == 1
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_continuous_integration_stops_at_the_first_failure_and_ends_with_the_tests():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "\nset -euo pipefail\n" in script
    assert [line for line in script.splitlines() if COMMAND.match(line) and "&&" in line] == []
    assert "||" not in script
    assert executed()[-1].startswith(".venv/bin/pytest")


def test_the_oldest_versions_run_tests_that_exist():
    script = (ROOT / ".ci" / "oldest").read_text(encoding="utf-8")
    assert "\nset -euo pipefail\n" in script
    files = re.findall(r"tests/\w+\.py", script)
    assert files == sorted(set(files))
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_oldest_versions_are_those_of_the_project():
    """The script's expression finds each package in pyproject.toml, once."""
    script = (ROOT / ".ci" / "oldest").read_text(encoding="utf-8")
    (packages,) = re.findall(r'^packages="(.*)"$', script, flags=re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {re.split(r"[>=]", requirement)[0] for requirement in project["dependencies"]}
    assert required <= set(packages.split("|"))
    pins = re.findall(rf'.*"({packages})>=([0-9.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert sorted(name for name, _ in pins) == sorted(packages.split("|"))


def test_the_readme_example_runs(capsys):
    (example,) = code_blocks("README.md", "python")
    exec(compile(example, "README.md", "exec"), {})
    assert re.search(r"\d+ weights, R2 on new data 0\.[34]", capsys.readouterr().out)
