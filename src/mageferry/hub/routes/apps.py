from importlib import import_module

from django.apps import AppConfig

# Declare handlers of units of work, chores of the scheduler, and kinds of lines.
WORKING_MODULES = (
    "sending",
    "runner",
    "schedules",
    "pruning",
    "outages",
    "transfer",
    "global_values",
    "retries",
)


class RoutesConfig(AppConfig):
    name = "mageferry.hub.routes"
    label = "routes"
    verbose_name = "Routes"

    def ready(self) -> None:
        for name in WORKING_MODULES:
            import_module(f"mageferry.hub.routes.{name}")
