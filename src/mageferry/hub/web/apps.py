from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "mageferry.hub.web"
    label = "web"
    verbose_name = "Web"
