"""A Magento-compatible shop to try flows and faults against. It shares no code with the client on purpose."""

from mageferry.sandbox.control import Control
from mageferry.sandbox.database import StateError
from mageferry.sandbox.export import ExportError
from mageferry.sandbox.faults import FaultKind
from mageferry.sandbox.server import Sandbox
from mageferry.sandbox.serving import serve

__all__ = ["Control", "ExportError", "FaultKind", "Sandbox", "StateError", "serve"]
