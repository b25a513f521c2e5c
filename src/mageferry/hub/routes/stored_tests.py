"""Stored tests: do the transformers still make of these entities what they should?"""

from __future__ import annotations

from typing import Any

from mageferry.http.config import ConfigError
from mageferry.http.transformers import StoredTest as Expectation
from mageferry.http.transformers import Transformers, Verdict, judge
from mageferry.hub.routes.models import StoredTest
from mageferry.hub.routes.reach import Reach


def run_test(test: StoredTest) -> Verdict:
    """Run one; settings that can't be used are a failure as well."""
    failures = frozenset(place - 1 for place in test.failures)
    expectation = Expectation(test.name, test.input, test.expected, failures)
    with Reach() as reach:
        try:
            return reach.run(judge(expectation, Transformers.parse(_listed(test)), reach.ports))
        except ConfigError as error:
            return Verdict(test.name, tuple(str(problem) for problem in error.problems))


def actual_of(test: StoredTest) -> list[Any]:
    """What the transformers make of the test's entities now, as far as they can be used."""
    with Reach() as reach:
        try:
            return reach.run(Transformers.parse(_listed(test)).run(test.input, reach.ports)).data
        except ConfigError:
            return []


def _listed(test: StoredTest) -> Any:
    return test.route.transformers if test.route is not None else test.transformers
