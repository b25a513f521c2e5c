from importlib import import_module

from django.apps import AppConfig

# Declare handlers of units of work, and chores of the scheduler.
WORKING_MODULES = ("sending", "runner", "schedules", "pruning", "outages")


class RoutesConfig(AppConfig):
    name = "mageferry.hub.routes"
    label = "routes"
    verbose_name = "Routes"

    def ready(self) -> None:
        for name in WORKING_MODULES:
            import_module(f"mageferry.hub.routes.{name}")
