"""Configuration as data: records as lines of JSON, so that one installation's go to another.

A room says by `register` which records of its own are lines. Secrets are left out, and named.
"""

from mageferry.hub.transfer.errors import FieldProblem, Unacceptable
from mageferry.hub.transfer.exports import export_lines
from mageferry.hub.transfer.imports import LONGEST_BYTES, Import, Line, import_lines, kinds_in
from mageferry.hub.transfer.kinds import TransferKind, all_kinds, find_by_code, register, save_checked

__all__ = [
    "LONGEST_BYTES",
    "FieldProblem",
    "Import",
    "Line",
    "TransferKind",
    "Unacceptable",
    "all_kinds",
    "export_lines",
    "find_by_code",
    "import_lines",
    "kinds_in",
    "register",
    "save_checked",
]
