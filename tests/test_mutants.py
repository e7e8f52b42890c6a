"""The tests notice when a rule is broken: each one is, in a copy of the package of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants import MUTANTS, Mutant

PROJECT = Path(__file__).parent.parent
SETTINGS_OF_THIS_RUN = ("PYTEST", "COV", "PYTHONPATH")
QUICK_START = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")


def copied(folder: Path) -> Path:
    """A project whose package can be changed; its tests are these."""
    shutil.copytree(PROJECT / "foxstream", folder / "foxstream")
    shutil.copy2(PROJECT / "pyproject.toml", folder)
    (folder / "tests").symlink_to(PROJECT / "tests", target_is_directory=True)
    return folder


def break_rule(project: Path, mutant: Mutant) -> None:
    file = project / "foxstream" / mutant.file
    source = file.read_text()
    found = source.count(mutant.old)
    assert found == 1, f"{mutant.file} holds this {found} times, not once:\n{mutant.old}"
    file.write_text(source.replace(mutant.old, mutant.new))


def failures(project: Path, tests: tuple[str, ...]) -> set[str]:
    """Those of the tests that fail there; each of them has to run."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", *QUICK_START]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS_OF_THIS_RUN)}
    ran = subprocess.run(
        [*command, *(f"tests/{test}" for test in tests)],
        cwd=project,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}, ran.stdout
    told = re.findall(r"^FAILED tests/(\S+)", ran.stdout, re.MULTILINE)
    return {test for test in tests if any(line.startswith(test) for line in told)}


def noticed(mutant: Mutant, project: Path) -> set[str]:
    copied(project)
    break_rule(project, mutant)
    return failures(project, mutant.noticed_by)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.rule for mutant in MUTANTS])
def test_a_broken_rule_is_noticed(mutant, tmp_path):
    assert noticed(mutant, tmp_path / "project") == set(mutant.noticed_by)


def test_unbroken_rules_are_no_reason_to_fail(tmp_path):
    every = {test: None for mutant in MUTANTS for test in mutant.noticed_by}
    assert failures(copied(tmp_path / "project"), tuple(every)) == set()


def test_what_breaks_nothing_is_not_noticed(tmp_path):
    tests = ("test_sse.py::test_the_corpus_is_whole",)
    harmless = Mutant("none", "sse.py", "_CR = 0x0D", "_CR = 13", tests)
    assert noticed(harmless, tmp_path / "project") == set()


@pytest.mark.parametrize("old", ["no such line", "import"])
def test_a_text_that_is_not_there_once_is_told(old, tmp_path):
    project = copied(tmp_path / "project")
    found = (project / "foxstream" / "sse.py").read_text().count(old)
    with pytest.raises(AssertionError, match=rf"sse\.py holds this {found} times, not once:"):
        break_rule(project, Mutant("none", "sse.py", old, "", ()))


def test_a_test_that_does_not_run_is_told(tmp_path):
    with pytest.raises(AssertionError, match="no_such_test"):
        failures(copied(tmp_path / "project"), ("test_sse.py::no_such_test",))
