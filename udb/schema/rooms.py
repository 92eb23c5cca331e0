"""Which room a table belongs to, and what its model says about it."""

import importlib
import importlib.util
import pkgutil
from typing import Any

import server
from server.core.models import Model


def models() -> dict[str, type[Model]]:
    """All models of the product by the names of their tables: the core's first, room by room, as they are declared."""
    rooms = sorted((room.name != "core", room.name) for room in pkgutil.iter_modules(server.__path__) if room.ispkg)
    candidates = [*(f"server.{room}.models" for _, room in rooms), "workers.models"]
    modules = [module for module in candidates if importlib.util.find_spec(module)]
    for module in modules:
        importlib.import_module(module)
    ours: Any = [model for model in Model.__subclasses__() if model.__module__ in modules]
    ours.sort(key=lambda model: modules.index(model.__module__))
    return {model._meta.table_name: model for model in ours}  # noqa: SLF001 - Peewee documents it


def room_of(model: type[Model]) -> str:
    """The room that a model belongs to, such as `accounts`."""
    return model.__module__.split(".")[-2]
