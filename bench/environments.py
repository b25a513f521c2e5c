"""An environment of its own for each peer: they clash in top-level packages or in dependencies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CACHE = Path(__file__).resolve().parent.parent / "var" / "bench"


class PeerMissing(Exception):
    """A peer could not be installed; the text holds pip's last lines."""


def find_python(requirement: str) -> Path:
    """The Python of an environment that holds `requirement` (name==version), made when it is not there.

    Raises PeerMissing when pip can't install it, for example without a network.
    """
    folder = (
        CACHE / f"{requirement.replace('==', '-')}-python{sys.version_info.major}.{sys.version_info.minor}"
    )
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerMissing(f"{requirement}: {done.stderr.strip()[-500:]}")
    complete.touch()
    return python
