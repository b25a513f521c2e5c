"""Stored tests: do the transformers still make of these entities what they should?"""

from __future__ import annotations

from mageferry.http.config import ConfigError
from mageferry.http.transformers import StoredTest as Expectation
from mageferry.http.transformers import Transformers, Verdict, judge
from mageferry.hub.routes.models import StoredTest
from mageferry.hub.routes.reach import Reach


def run_test(test: StoredTest) -> Verdict:
    """Run one; settings that can't be used are a failure as well."""
    listed = test.route.transformers if test.route is not None else test.transformers
    failures = frozenset(place - 1 for place in test.failures)
    expectation = Expectation(test.name, test.input, test.expected, failures)
    with Reach() as reach:
        try:
            return reach.run(judge(expectation, Transformers.parse(listed), reach.ports))
        except ConfigError as error:
            return Verdict(test.name, tuple(str(problem) for problem in error.problems))
