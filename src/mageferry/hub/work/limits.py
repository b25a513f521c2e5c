"""How much may go to a connector, over all processes and machines: the rows that say so, and the rules.

Each process holds a share of a connector's concurrency in the database and spends it on its own requests, so a
request costs no query; the share is renewed, grown or shrunk about once a second. The shares that are alive never add
up to more than what is allowed. What is allowed is halved when the shop complains (429, 503, dead-locks) and grows by
one again while it doesn't.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor

from django.db import transaction
from django.db.models import Sum

from mageferry.hub.work.clock import database_now
from mageferry.hub.work.models import Limit, Share
from mageferry.hub.work.owners import is_dead

SHARE_SECONDS = 10.0
LOWER_AGAIN_SECONDS = 2.0
RAISE_SECONDS = 5.0
LONGEST_CLOSED_SECONDS = 600.0
# Requests that a process may take at once and spend a little later; the bucket is kept smaller by as much.
_BURST = 0.1
ROTATION_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator set: requests at the same time, and requests per interval (0: as many as it takes)."""

    concurrency: int
    requests: int = 0
    interval_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Complaint:
    """The shop said that it is too much."""

    reason: str
    wait_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a process tells when it renews its share.

    `may_run`: requests that it may have begun by the time this is written down; its share can't be less yet.
    """

    owner: str
    running: int
    waiting: int
    may_run: int = 0
    successes: int = 0
    complaint: Complaint | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What it gets: requests at the same time, requests it may begin (None: any number), and until when it waits."""

    concurrency: int
    requests: int | None
    closed_seconds: float


def set_policy(connector_key: str, policy: Policy) -> None:
    """Write down what the operator set; what the shop can take right now is kept, as far as it still fits."""
    values = {
        "concurrency": policy.concurrency,
        "requests": policy.requests,
        "interval_seconds": policy.interval_seconds,
    }
    fresh = {**values, "allowed": float(policy.concurrency), "tokens": 1.0, "filled_at": database_now()}
    limit, made = Limit.objects.get_or_create(connector_key=connector_key, defaults=fresh)
    if made or all(getattr(limit, name) == value for name, value in values.items()):
        return
    with transaction.atomic():
        limit = Limit.objects.select_for_update().get(pk=connector_key)
        if limit.concurrency != policy.concurrency:
            limit.allowed = float(policy.concurrency)
        for name, value in values.items():
            setattr(limit, name, value)
        limit.save()


def renew_share(connector_key: str, wish: Wish) -> Grant:
    """Renew, grow or shrink a process's share. One short transaction that holds the limit's row.

    Raises Limit.DoesNotExist when set_policy was never called for the connector.
    """
    with transaction.atomic():
        limit = Limit.objects.select_for_update().get(pk=connector_key)
        now = database_now()
        _adapt(limit, wish, now)
        capacity = max(1, floor(limit.allowed))
        _forget_the_dead(limit, wish.owner)
        others = Share.objects.filter(limit=limit, expires_at__gt=now).exclude(owner=wish.owner)
        wants = dict(others.filter(wanted__gt=0).values_list("owner", "wanted"))
        wants[wish.owner] = wish.running + wish.waiting
        epoch = int(now.timestamp()) // ROTATION_SECONDS
        free = capacity - (others.aggregate(sum=Sum("held"))["sum"] or 0)
        fair = divide(capacity, wants, epoch)[wish.owner]
        # What runs, runs: a share shrinks in two steps, first here in what is granted, then in what is held.
        held = max(wish.running, wish.may_run, min(fair, free))
        closed = _closed_seconds(limit, now)
        requests = _take_tokens(limit, wish, now) if not closed else 0
        Share.objects.update_or_create(
            limit=limit,
            owner=wish.owner,
            defaults={
                "held": held,
                "wanted": wish.running + wish.waiting,
                "expires_at": now + dt.timedelta(seconds=SHARE_SECONDS),
            },
        )
        limit.save(
            update_fields=[
                "allowed",
                "tokens",
                "filled_at",
                "closed_until",
                "lowered_at",
                "raised_at",
                "reason",
            ]
        )
    return Grant(min(fair, held), requests, closed)


def _forget_the_dead(limit: Limit, asking: str) -> None:
    """Shares of processes of this machine that are gone needn't be waited for."""
    owners = Share.objects.filter(limit=limit).exclude(owner=asking).values_list("owner", flat=True)
    dead = [owner for owner in owners if is_dead(owner)]
    if dead:
        Share.objects.filter(limit=limit, owner__in=dead).delete()


def give_back(connector_key: str, owner: str) -> None:
    """Give a share back that isn't needed any more."""
    Share.objects.filter(limit_id=connector_key, owner=owner).delete()


def divide(capacity: int, wants: Mapping[str, int], epoch: int = 0) -> dict[str, int]:
    """Fair parts of a capacity: nobody gets more than it wants, what is left goes round.

    `epoch` moves the left-over on from one to the next, so that one permit serves many processes in turn.
    """
    parts: dict[str, int] = {}
    left = capacity
    modest = sorted(wants, key=lambda each: wants[each])
    for number, owner in enumerate(modest):
        even = left // (len(modest) - number)
        if wants[owner] > even:
            # From here on everybody wants more than an even part.
            parts.update(dict.fromkeys(modest[number:], even))
            left -= even * (len(modest) - number)
            break
        parts[owner] = wants[owner]
        left -= wants[owner]
    names = sorted(wants)
    for number in range(len(names)):
        owner = names[(number + epoch) % len(names)]
        if left and parts[owner] < wants[owner]:
            parts[owner] += 1
            left -= 1
    return parts


def _adapt(limit: Limit, wish: Wish, now: dt.datetime) -> None:
    """Multiplicative decrease, additive increase."""
    if wish.complaint is not None:
        _close(limit, wish.complaint, now)
        if _older(limit.lowered_at, LOWER_AGAIN_SECONDS, now):
            limit.allowed = max(1.0, limit.allowed / 2)
            limit.lowered_at, limit.reason = now, wish.complaint.reason[:200]
    elif (
        wish.successes
        and limit.allowed < limit.concurrency
        and _older(limit.lowered_at, RAISE_SECONDS, now)
        and _older(limit.raised_at, RAISE_SECONDS, now)
    ):
        limit.allowed = min(float(limit.concurrency), limit.allowed + 1)
        limit.raised_at = now


def _older(moment: dt.datetime | None, seconds: float, now: dt.datetime) -> bool:
    return moment is None or now - moment >= dt.timedelta(seconds=seconds)


def _close(limit: Limit, complaint: Complaint, now: dt.datetime) -> None:
    if complaint.wait_seconds > 0:
        until = now + dt.timedelta(seconds=min(complaint.wait_seconds, LONGEST_CLOSED_SECONDS))
        limit.closed_until = max(until, limit.closed_until or until)


def _closed_seconds(limit: Limit, now: dt.datetime) -> float:
    if limit.closed_until is None:
        return 0.0
    return max(0.0, (limit.closed_until - now).total_seconds())


def _take_tokens(limit: Limit, wish: Wish, now: dt.datetime) -> int | None:
    """Take requests out of the connector's bucket. Never more than `requests` begin in any one interval."""
    if not limit.requests:
        return None
    size = max(1.0, limit.requests * _BURST)
    # A full bucket and what flows in during an interval (and while taken ones wait to be spent) stay below the limit.
    rate = max(limit.requests - size, limit.requests / 2) / (limit.interval_seconds * (1 + _BURST))
    passed = max(0.0, (now - limit.filled_at).total_seconds())
    limit.tokens = min(size, limit.tokens + passed * rate)
    limit.filled_at = now
    taken = min(floor(limit.tokens), max(wish.waiting, 1))
    limit.tokens -= taken
    return taken
