from importlib import import_module

from django.apps import AppConfig


class PipelinesConfig(AppConfig):
    name = "mageferry.hub.pipelines"
    label = "pipelines"
    verbose_name = "HTTP"

    def ready(self) -> None:
        # Declare a chore of the scheduler, and kinds of lines.
        for name in ("journal", "transfer"):
            import_module(f"mageferry.hub.pipelines.{name}")
