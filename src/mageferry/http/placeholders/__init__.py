"""Placeholders in texts and structures: what users write into fields, filled with the data at hand.

    &{expr}     JMESPath over the data; a missing value is an error, `||` gives a default
    ?{expr}     the same, null where nothing is found
    ${NAME}     a variable of the environment, as far as the caller allows it
    @{path}     JMESPath over the context: `@{globals.region}`, `@{scope.task}`
    \\&{         these characters themselves (also for the other three)

A field that is exactly one placeholder takes the value with its type; within other text the value becomes text.
Objects, arrays and keys are walked. Data that is a bare scalar is seen as a list of one too, so `Bearer &{@[0]}`
works on an answer that is a JSON string, as `Bearer &{@}` does. `products.0.sku` may be written for `products[0].sku`.

    Template.parse({"sku": "&{items[0].sku}", "note": "order &{increment_id}"}).fill(Scope(order))
"""

from mageferry.http.placeholders.encoded import EncodedText
from mageferry.http.placeholders.errors import MissingValue, TemplateError
from mageferry.http.placeholders.expression import Expression, is_true
from mageferry.http.placeholders.filling import Scope, Template, as_text, masked, reveal, secrets_in
from mageferry.http.placeholders.parsing import Kind, Placeholder, literal, parse_text

__all__ = [
    "EncodedText",
    "Expression",
    "Kind",
    "MissingValue",
    "Placeholder",
    "Scope",
    "Template",
    "TemplateError",
    "as_text",
    "is_true",
    "literal",
    "masked",
    "parse_text",
    "reveal",
    "secrets_in",
]
