from django.db import migrations, models

from mageferry.hub.work.online import AddIndexOnline


class Migration(migrations.Migration):
    # Indexes of a table that may be large and in use: built while workers go on writing.
    atomic = False

    dependencies = [
        ('work', '0002_schedules_limits_turns'),
    ]

    operations = [
        AddIndexOnline(
            model_name='workunit',
            index=models.Index(fields=['status', 'priority', 'turn', 'id'], name='work_unit_queue'),
        ),
        AddIndexOnline(
            model_name='workunit',
            index=models.Index(fields=['connector_key', 'status', 'priority', 'turn'], name='work_unit_queue_of'),
        ),
        AddIndexOnline(
            model_name='workunit',
            index=models.Index(fields=['status', 'not_before'], name='work_unit_asleep'),
        ),
        AddIndexOnline(
            model_name='workunit',
            index=models.Index(fields=['finished_at'], name='work_unit_ended'),
        ),
    ]
