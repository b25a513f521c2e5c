"""What was measured on: figures say little without it."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path


def describe_machine() -> list[str]:
    """Sentences on cores, memory, Python and the load at this moment, for the head of the report."""
    load = ", ".join(f"{part:.2f}" for part in os.getloadavg())
    return [
        f"{os.cpu_count()} cores ({_find('/proc/cpuinfo', 'model name') or platform.machine()}), "
        f"{_memory_gib()}, {platform.system()} {platform.release()}",
        f"{platform.python_implementation()} {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("httpx2", "orjson", "django")),
        f"load average at the start: {load}",
    ]


def _find(path: str, name: str) -> str | None:
    file = Path(path)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    found = re.search(rf"^{name}\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1] if found else None


def _memory_gib() -> str:
    kilobytes = _find("/proc/meminfo", "MemTotal")
    return f"{int(kilobytes.split()[0]) / 1024**2:.0f} GiB" if kilobytes else "memory unknown"
