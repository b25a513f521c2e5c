"""A reader's memory is its own, not that of the process that started it."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRINT_PEAK = "from bench.readers.meter import peak_memory_mib; print(peak_memory_mib())"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands the peak on to a new program")
def test_the_peak_does_not_contain_the_starter(pytestconfig: pytest.Config) -> None:
    ballast = bytearray(200 * 1024**2)

    command = [sys.executable, "-c", PRINT_PEAK]
    done = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True)

    assert len(ballast) / 1024**2 > float(done.stdout) > 1
