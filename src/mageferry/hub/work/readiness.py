"""Whether this installation can work: database, its version, broker, scheduler."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from mageferry.hub.configuration import configuration
from mageferry.hub.work.scheduler import scheduler_is_alive


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so; `text` says what is wrong and what to do."""

    name: str
    fine: bool
    text: str = "ok"


def check_readiness() -> list[Check]:
    """All checks, in the order in which to mend them. Without a database there is only that one."""
    try:
        checks = [Check("database", True), _check_tables(), _check_scheduler()]
    except DatabaseError as error:
        first = str(error).strip().partition("\n")[0]
        return [Check("database", False, f"can't be used ({first}); look at MAGEFERRY_DATABASE_URL")]
    if configuration().broker_url:
        checks.append(_check_broker())
    return checks


def _check_tables() -> Check:
    missing = missing_migrations()
    if not missing:
        return Check("tables", True)
    return Check("tables", False, f"{missing} migrations are missing; run: mageferry migrate")


def missing_migrations() -> int:
    """How many migrations this version has that the database doesn't."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _check_scheduler() -> Check:
    if missing_migrations() or scheduler_is_alive():
        return Check("scheduler", True)
    return Check("scheduler", False, "none has ticked lately; start one: mageferry scheduler")


def _check_broker() -> Check:
    from mageferry.hub.work.broker import BrokerUnreachable, check_broker

    try:
        check_broker()
    except BrokerUnreachable as error:
        return Check("broker", False, f"{error}; look at MAGEFERRY_BROKER_URL")
    return Check("broker", True)
