"""What only PostgreSQL does is collected where PostgreSQL is."""

from __future__ import annotations

from mageferry.hub.configuration import configuration

collect_ignore = [] if configuration().database_url.startswith("postgres") else ["test_open_writers.py"]
