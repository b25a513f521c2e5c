"""Limits of a connector: shared by all processes, adapted to what the shop can take."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from mageferry.hub.work import limits
from mageferry.hub.work.gates import Gate, GateClosed, close_gates, keeper
from mageferry.hub.work.limits import Complaint, Policy, Wish, divide, give_back, renew_share
from mageferry.hub.work.models import Limit, Share
from tests.hub.work.builders import owner_of_a_dead_process

KEY = "magento2:1"


@settings(deadline=None)
@given(
    st.integers(1, 40),
    st.dictionaries(st.text(max_size=3), st.integers(0, 30), min_size=1, max_size=12),
    st.integers(0, 1000),
)
def test_a_division_is_whole_fair_and_wastes_nothing(capacity: int, wants: dict[str, int], epoch: int):
    parts = divide(capacity, wants, epoch)
    assert sum(parts.values()) == min(capacity, sum(wants.values()))
    assert all(0 <= parts[name] <= wants[name] for name in wants)
    unmet = [parts[name] for name in wants if parts[name] < wants[name]]
    assert all(part >= max(parts.values(), default=0) - 1 for part in unmet)


def test_one_permit_goes_round():
    winners = {next(name for name, part in divide(1, {"a": 1, "b": 1, "c": 1}, epoch).items() if part)
               for epoch in range(3)}  # fmt: skip
    assert winners == {"a", "b", "c"}


@pytest.fixture
def policy(transactional_db: None) -> Policy:
    policy = Policy(concurrency=4)
    limits.set_policy(KEY, policy)
    return policy


def test_processes_share_what_is_allowed(policy: Policy):
    assert renew_share(KEY, Wish("a", running=0, waiting=9)).concurrency == 4
    # b waits until a's requests end: what runs is never more than allowed.
    assert renew_share(KEY, Wish("b", running=0, waiting=9)).concurrency == 0
    assert renew_share(KEY, Wish("a", running=2, waiting=7)).concurrency == 2
    assert renew_share(KEY, Wish("b", running=0, waiting=9)).concurrency == 2
    # What a may still have begun is held for it until it tells otherwise.
    assert renew_share(KEY, Wish("c", running=0, waiting=9)).concurrency == 0
    give_back(KEY, "c")
    assert renew_share(KEY, Wish("a", running=2, waiting=0, may_run=2)).concurrency == 2
    give_back(KEY, "a")
    assert renew_share(KEY, Wish("b", running=2, waiting=7)).concurrency == 4


def test_the_share_of_a_process_that_died_comes_free(policy: Policy):
    renew_share(KEY, Wish("dead", running=0, waiting=4))
    assert renew_share(KEY, Wish("b", running=0, waiting=4)).concurrency == 0
    Share.objects.filter(owner="dead").update(expires_at="2020-01-01T00:00:00Z")
    assert renew_share(KEY, Wish("b", running=0, waiting=4)).concurrency == 4


def test_the_share_of_a_dead_process_of_this_machine_comes_free_at_once(policy: Policy):
    renew_share(KEY, Wish(owner_of_a_dead_process(), running=4, waiting=0))
    assert renew_share(KEY, Wish("b", running=0, waiting=4)).concurrency == 4


def let_time_pass(seconds: float) -> None:
    limit = Limit.objects.get()
    for name in ("lowered_at", "raised_at", "filled_at", "closed_until"):
        moment = getattr(limit, name)
        if moment is not None:
            setattr(limit, name, moment - dt.timedelta(seconds=seconds))
    limit.save()


def test_a_complaint_halves_and_success_raises_step_by_step(policy: Policy):
    renew_share(KEY, Wish("a", 4, 0, complaint=Complaint("answered 429")))
    assert Limit.objects.get().allowed == 2
    # Others that met the same wall don't lower it a second time.
    renew_share(KEY, Wish("b", 0, 1, complaint=Complaint("answered 429")))
    assert Limit.objects.get().allowed == 2
    let_time_pass(3)
    renew_share(KEY, Wish("a", 1, 0, complaint=Complaint("dead-lock in the shop's database")))
    assert Limit.objects.get().allowed == 1
    for expected in (2, 3, 4, 4):
        let_time_pass(6)
        renew_share(KEY, Wish("a", 1, 0, successes=5))
        assert Limit.objects.get().allowed == expected


def test_a_shop_that_asks_to_be_left_alone_is_left_alone_by_all(policy: Policy):
    renew_share(KEY, Wish("a", 1, 0, complaint=Complaint("answered 503", wait_seconds=30)))
    assert 29 < renew_share(KEY, Wish("b", 0, 1)).closed_seconds <= 30
    let_time_pass(31)
    assert renew_share(KEY, Wish("b", 0, 1)).closed_seconds == 0


@pytest.mark.parametrize(("requests", "interval"), [(100, 60), (10, 1), (1, 1), (600, 3600)])
def test_never_more_requests_than_set_begin_in_any_interval(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, requests: int, interval: int
):
    began, clock = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), 0.0
    monkeypatch.setattr(limits, "database_now", lambda: began + dt.timedelta(seconds=clock))
    limits.set_policy(KEY, Policy(50, requests, interval))
    taken: list[tuple[float, int]] = []
    while clock < 3 * interval:
        grant = renew_share(KEY, Wish("a", 0, 50))
        assert grant.requests is not None
        taken.append((clock, grant.requests))
        clock += interval / 20
    for start, _ in taken:
        window = sum(count for at, count in taken if start <= at < start + interval)
        assert window <= requests
    assert sum(count for _, count in taken) >= requests, "and it isn't starved either"


def test_a_new_setting_holds_and_what_the_shop_taught_is_kept(policy: Policy):
    renew_share(KEY, Wish("a", 4, 0, complaint=Complaint("answered 429")))
    limits.set_policy(KEY, Policy(concurrency=4, requests=100))
    assert (Limit.objects.get().allowed, Limit.objects.get().requests) == (2, 100)
    limits.set_policy(KEY, Policy(concurrency=8, requests=100))
    assert Limit.objects.get().allowed == 8


def test_threads_of_several_gates_never_run_more_requests_than_allowed(policy: Policy):
    """Two gates stand for two processes; both have more to do than the shop may get."""
    gates = [keeper.gate(KEY), Gate(KEY)]
    other = threading.Event()

    def keep_other() -> None:
        while not other.wait(0.02):
            gates[1].keep()
        gates[1].leave()
        connection.close()

    running, most, lock = 0, 0, threading.Lock()

    def request(number: int) -> None:
        nonlocal running, most
        with gates[number % 2].slot():
            with lock:
                running += 1
                most = max(most, running)
            threading.Event().wait(0.01)
            with lock:
                running -= 1

    keeping = threading.Thread(target=keep_other)
    keeping.start()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(request, range(200)))
    other.set()
    keeping.join()
    close_gates()
    assert 1 < most <= 4
    assert not Share.objects.exists(), "what isn't used is given back"


def test_a_request_that_finds_no_room_is_not_sent(policy: Policy):
    renew_share(KEY, Wish("hog", running=4, waiting=0))
    gate = Gate(KEY, longest_wait_seconds=0.0)
    with pytest.raises(GateClosed, match="No room for another request to magento2:1"), gate.slot():
        pytest.fail("it went through")
    close_gates()
