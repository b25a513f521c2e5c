"""Celery by itself with its own result backend, for comparison: the same trivial unit as a Celery task.

celery -A bench.celery_alone worker ...                 the worker
python -m bench.celery_alone COUNT                      send so many and wait for all results
"""

from __future__ import annotations

import json
import os
import sys
import time

from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_BROKER_URL"], backend="rpc://")
app.conf.update(
    task_default_queue="bench",
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=16,
    worker_enable_remote_control=False,
)


@app.task(name="trivial")
def trivial(number: int) -> int:
    return number


def main() -> None:
    count = int(sys.argv[1])
    trivial.delay(0).get(timeout=60)
    began = time.time()
    results = [trivial.delay(number) for number in range(count)]
    sent = time.time()
    for result in results:
        result.get(timeout=600)
    print(json.dumps({"units": count, "began": began, "sent": sent, "ended": time.time()}))


if __name__ == "__main__":
    main()
