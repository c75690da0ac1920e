"""Tasks, one per module; `featkit.models.task.TASKS` lists them."""
