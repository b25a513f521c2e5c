"""Transformers, declared as data: what entities become between a source and a target."""

from mageferry.http.transformers.catalogue import TRANSFORMERS, Catalogue, json_schema, markdown
from mageferry.http.transformers.described import LISTED, Place, TargetText, TransformerDescription
from mageferry.http.transformers.errors import TransformError
from mageferry.http.transformers.pipeline import Transformers
from mageferry.http.transformers.running import Entity, Failure, Ports, Run, Step, Storage, Transformed
from mageferry.http.transformers.stored_tests import StoredTest, Verdict, differences, judge
from mageferry.http.transformers.targets import Target, TargetError

__all__ = [
    "LISTED",
    "TRANSFORMERS",
    "Catalogue",
    "Entity",
    "Failure",
    "Place",
    "Ports",
    "Run",
    "Step",
    "Storage",
    "StoredTest",
    "Target",
    "TargetError",
    "TargetText",
    "TransformError",
    "Transformed",
    "TransformerDescription",
    "Transformers",
    "Verdict",
    "differences",
    "json_schema",
    "judge",
    "markdown",
]
