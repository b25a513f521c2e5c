from django.apps import AppConfig


class MappingConfig(AppConfig):
    name = "mageferry.hub.mapping"
    label = "mapping"
    verbose_name = "Field mappings"
