"""A process that asks with a stored client: `python -m tests.hub.pipelines.token_process CODE PATH THREADS`.

It prints the statuses of its answers, one for each thread.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mageferry.hub.settings")
    django.setup()
    from django.db import connection

    from mageferry.hub.pipelines.clients import close_clients, open_client
    from mageferry.hub.pipelines.models import HttpClientRecord

    code, path, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])

    def ask(_: int) -> int:
        try:
            with open_client(HttpClientRecord.objects.get(code=code)) as http:
                return http.request("GET", path).status
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        sys.stdout.write(" ".join(str(status) for status in pool.map(ask, range(threads))))
    close_clients()


if __name__ == "__main__":
    main()
