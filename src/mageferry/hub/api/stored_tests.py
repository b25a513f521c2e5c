"""Stored tests of transformers over the API: kept, and run."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import LimitOffsetPagination, paginate

from mageferry.hub.api.access import require
from mageferry.hub.api.kept import Refused, stored
from mageferry.hub.routes.documents import StoredTestDocument, store_test, test_document
from mageferry.hub.routes.models import Route, StoredTest
from mageferry.hub.routes.stored_tests import run_test

router = Router(tags=["stored tests"])


class StoredTestShape(StoredTestDocument):
    id: int


class VerdictShape(Schema):
    id: int
    name: str
    passed: bool
    differences: list[str] = Field(description="A line each, with its place: $[0].qty: expected 2, is 3.")


def _shown(test: StoredTest) -> dict[str, Any]:
    return {"id": test.pk, **test_document(test)}


def _verdict(test: StoredTest) -> dict[str, Any]:
    verdict = run_test(test)
    return {
        "id": test.pk,
        "name": test.name,
        "passed": verdict.passed,
        "differences": list(verdict.differences),
    }


@router.get("/stored-tests", response=list[StoredTestShape])
@paginate(LimitOffsetPagination)
def stored_tests(request: HttpRequest, route: str = "") -> list[dict[str, Any]]:
    """The stored tests, or those of a route (its code)."""
    require(request, "routes.view_storedtest")
    return [_shown(test) for test in _chosen(route)]


@router.post("/stored-tests", response={201: StoredTestShape, 422: Refused})
def create_test(request: HttpRequest, body: StoredTestDocument) -> Status[Any]:
    """Store a new test."""
    require(request, "routes.add_storedtest")
    return stored(201, lambda: _shown(store_test(body, StoredTest())))


@router.post("/stored-tests/run", response=list[VerdictShape])
def run_tests(request: HttpRequest, route: str = "") -> list[dict[str, Any]]:
    """Run all stored tests, or those of a route; transformers that look something up do so for real."""
    require(request, "routes.change_storedtest")
    return [_verdict(test) for test in _chosen(route)]


@router.get("/stored-tests/{int:pk}", response=StoredTestShape)
def stored_test(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One stored test."""
    require(request, "routes.view_storedtest")
    return _shown(get_object_or_404(StoredTest, pk=pk))


@router.put("/stored-tests/{int:pk}", response={200: StoredTestShape, 422: Refused})
def change_test(request: HttpRequest, pk: int, body: StoredTestDocument) -> Status[Any]:
    """Change a stored test."""
    require(request, "routes.change_storedtest")
    test = get_object_or_404(StoredTest, pk=pk)
    return stored(200, lambda: _shown(store_test(body, test)))


@router.delete("/stored-tests/{int:pk}", response={204: None})
def delete_test(request: HttpRequest, pk: int) -> Status[Any]:
    """Delete a stored test."""
    require(request, "routes.delete_storedtest")
    get_object_or_404(StoredTest, pk=pk).delete()
    return Status(204, None)


@router.post("/stored-tests/{int:pk}/run", response=VerdictShape)
def run_one(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Run one stored test."""
    require(request, "routes.change_storedtest")
    return _verdict(get_object_or_404(StoredTest.objects.select_related("route"), pk=pk))


def _chosen(route: str) -> QuerySet[StoredTest]:
    tests = StoredTest.objects.select_related("route")
    return tests.filter(route=get_object_or_404(Route, code=route)) if route else tests
