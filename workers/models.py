"""The scheduler's table."""

import peewee

from server.core.models import Model, TimeField


class PeriodicTask(Model):
    """A task of the scheduler and when it is due next."""

    name = peewee.TextField(primary_key=True)
    run_time = TimeField()

    class Meta:
        table_name = "periodic_task"
