"""Who holds a lease, and whether that process is surely dead.

A lease ends by itself after a while. When the holder was a process of this very machine (same boot, same process
namespace) and is gone, nobody needs to wait for that.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path


@cache
def _machine() -> str:
    """This boot of this machine and this process namespace; empty where the system doesn't say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot[:13]}.{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""


def owner_name(part: str) -> str:
    """Machine, process, part of it, and a random tail, so that two holders never have one name."""
    return f"{_machine() or 'unknown'}:{os.getpid()}:{part[:16]}:{secrets.token_hex(4)}"


def is_dead(owner: str) -> bool:
    """Whether the owner was a process of this machine that is no more. False whenever that isn't certain."""
    machine, _, rest = owner.partition(":")
    pid = rest.partition(":")[0]
    if not _machine() or machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
