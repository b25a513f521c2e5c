from importlib import import_module

from django.apps import AppConfig


class PipelinesConfig(AppConfig):
    name = "mageferry.hub.pipelines"
    label = "pipelines"
    verbose_name = "HTTP"

    def ready(self) -> None:
        # Declares its chore of the scheduler.
        import_module("mageferry.hub.pipelines.journal")
