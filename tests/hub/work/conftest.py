"""What needs many machines' parts, PostgreSQL and RabbitMQ, is collected where PostgreSQL is."""

from __future__ import annotations

from mageferry.hub.configuration import configuration

ON_POSTGRESQL = configuration().database_url.startswith("postgres")
collect_ignore = [] if ON_POSTGRESQL else ["test_scale_out.py", "test_redis.py"]
