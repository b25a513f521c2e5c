"""`python -m conformance DIR`: how far the sandbox answers as the shop did whose recordings lie in DIR.

DIR holds store/, timeline/ and recordings/ (see conformance/recordings.py). The last line is `N of M equal`; the
exit code is 1 when that share is below the floor in conformance/floor.json or the client library cannot cope with
one of the answers, 2 for a directory that is no such thing. Nothing outside of DIR is read, nothing in it written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from conformance.client import sweep
from conformance.exemptions import read_exemptions
from conformance.recordings import DataError
from conformance.replay import Replay, Verdict
from conformance.report import raise_floor, read_floor, render_differences, render_table, score


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "directory", type=Path, metavar="DIR", help="recordings, timeline and store of a shop"
    )
    parser.add_argument("--raise-floor", action="store_true", help="keep a better share as the new floor")
    parser.add_argument(
        "--only", default="", metavar="GROUP", help="show this group only; no floor is checked"
    )
    return parser.parse_args()


def main() -> int:
    given = parse()
    try:
        verdicts = list(Replay(given.directory, read_exemptions()).run())
        thrown, complaints = (0, []) if given.only else sweep(given.directory)
    except DataError as error:
        print(error, file=sys.stderr)
        return 2
    if given.only:
        verdicts = [verdict for verdict in verdicts if verdict.group == given.only]
    for complaint in complaints:
        print(f"client: {complaint.title}: {complaint.what}")
    if thrown:
        print(f"client: {thrown} answers read, {len(complaints)} complaints")
    code = report(verdicts, checked=not given.only, rising=given.raise_floor)
    return code or int(bool(complaints))


def report(verdicts: list[Verdict], *, checked: bool, rising: bool) -> int:
    """Print everything; the exit code."""
    for line in (*render_differences(verdicts), *render_table(verdicts)):
        print(line)
    total = score(verdicts)
    below = checked and total.share < read_floor().share
    if below:
        floor = read_floor()
        print(f"below the floor, which is {floor.equal} of {floor.compared}: mend the differences above")
    elif rising and checked and raise_floor(total):
        print("the floor was raised to this")
    print(f"{total.equal} of {total.compared} equal")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
