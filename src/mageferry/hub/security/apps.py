from django.apps import AppConfig


class SecurityConfig(AppConfig):
    name = "mageferry.hub.security"
    label = "security"
    verbose_name = "Security"
