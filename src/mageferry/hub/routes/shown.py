"""Data of routes for people to see."""

from __future__ import annotations

import json
from typing import Any

from mageferry.http.redaction import redact_json


def pretty(value: Any) -> str:
    """JSON for a person: indented, what is named like a secret masked."""
    return json.dumps(redact_json(value), indent=2, ensure_ascii=False)
