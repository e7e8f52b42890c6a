"""The command line: search each target for a while, keep what was found, look at it again.

python -m tests.fuzz --seconds 40
python -m tests.fuzz --seconds 3600 --target decoder --finds /tmp/finds
python -m tests.fuzz --target decoder --replay /tmp/finds/decoder-crash-0a1b2c
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.grammar import seeds
from tests.fuzz.properties import PROPERTIES, property_of

LONGEST_INPUT = 8192
NOISE = ("#", "INFO:", "WARNING:", "stat::", "0x")
LIMITS = ("-timeout=10", "-rss_limit_mb=512", f"-max_len={LONGEST_INPUT}")


def main(arguments: list[str] | None = None) -> None:
    asked = parsed(arguments)
    if asked.replay:
        property_of(asked.target[0])(asked.replay.read_bytes())
        return
    if find_spec("atheris") is None:
        sys.exit("atheris is missing: pip install 'foxstream[fuzz]'")
    asked.finds.mkdir(parents=True, exist_ok=True)
    targets = asked.target or list(PROPERTIES)
    seconds = max(1, asked.seconds // len(targets))
    sound = [is_sound(target, seconds, asked.seed, asked.finds) for target in targets]
    sys.exit(not all(sound))


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    finds = Path(tempfile.gettempdir()) / "foxstream-fuzz"
    parser.add_argument("--seconds", type=int, default=40, help="for all targets together")
    parser.add_argument("--target", action="append", help=f"{', '.join(PROPERTIES)}; repeatable")
    parser.add_argument("--seed", type=int, default=random.randrange(1, 2**31))
    parser.add_argument("--finds", type=Path, default=finds, help="folder for what breaks a target")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run one input of one target")
    asked = parser.parse_args(arguments)
    if asked.replay and len(asked.target or ()) != 1:
        parser.error("--replay needs one --target")
    return asked


def is_sound(target: str, seconds: int, seed: int, finds: Path) -> bool:
    """Search one target; whether nothing was found. What was found is kept and told."""
    limits = (f"-seed={seed}", f"-max_total_time={seconds}", f"-artifact_prefix={finds}/{target}-")
    exit_code, log = searched(target, *LIMITS, *limits)
    inputs = number_of(log, "number_of_executed_units")
    tell(f"{target}: {inputs} inputs in {seconds} s, seed {seed}")
    if exit_code == 0:
        return True
    tell(*(line for line in log.splitlines() if not line.startswith(NOISE)))
    tell(*(f"python -m tests.fuzz --target {target} --replay {found}" for found in written(log)))
    return False


def searched(target: str, *options: str) -> tuple[int, str]:
    """The exit code and the log of a search in a process of its own."""
    command = [sys.executable, "-m", "tests.fuzz.hunt", target, "-print_final_stats=1", *options]
    with tempfile.TemporaryDirectory() as corpus:
        for at, seed in enumerate(seeds(target)):
            Path(corpus, str(at)).write_bytes(seed)
        ended = subprocess.run([*command, corpus], capture_output=True, check=False)
    return ended.returncode, (ended.stdout + ended.stderr).decode("utf-8", "replace")


def number_of(log: str, statistic: str) -> str:
    found = re.search(rf"stat::{statistic}:\s*(\d+)", log)
    return f"{int(found[1]):,}" if found else "no"


def written(log: str) -> list[str]:
    return re.findall(r"Test unit written to (.+)", log)


def tell(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
