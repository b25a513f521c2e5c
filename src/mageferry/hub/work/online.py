"""Changes of tables while workers go on writing to them."""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex
from django.db.migrations.state import ProjectState


class AddIndexOnline(AddIndex):
    """AddIndex that keeps no writer waiting: CONCURRENTLY on PostgreSQL. For migrations with ``atomic = False``.

    An index that a broken-off migration left behind invalid is built anew, so the migration can simply be repeated.
    """

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if schema_editor.connection.vendor == "postgresql":
            name = schema_editor.quote_name(self.index.name)
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            statement = self.index.create_sql(model, schema_editor, concurrently=True)
            schema_editor.execute(statement, params=None)
        else:
            schema_editor.add_index(model, self.index)
