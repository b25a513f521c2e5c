from importlib import import_module

from django.apps import AppConfig

# The one list of flows: each module declares its flow and the handlers of its units of work.
FLOW_MODULES = (
    "get_orders",
    "export_orders",
    "create_shipments",
    "get_shipments",
    "create_return",
    "get_inventory",
    "get_products",
)


class FlowsConfig(AppConfig):
    name = "mageferry.hub.flows"
    label = "flows"
    verbose_name = "Flows"

    def ready(self) -> None:
        for name in (*FLOW_MODULES, "schedules"):
            import_module(f"mageferry.hub.flows.{name}")
