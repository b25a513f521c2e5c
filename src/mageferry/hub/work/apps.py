from django.apps import AppConfig


class WorkConfig(AppConfig):
    name = "mageferry.hub.work"
    label = "work"
    verbose_name = "Work"
