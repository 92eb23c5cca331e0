"""From the JSON or YAML of a definition to what the engine runs, or to everything that is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice
from typing import Any, Final

import yaml
from jsonschema_rs import Draft202012Validator

from server.core import structs
from server.events.schemas import pointer
from server.workflows.language import checking, documents, forms, sentences, spelling
from server.workflows.language.building import Builder, StepKind
from server.workflows.language.definition import Definition
from server.workflows.language.faults import DefinitionInvalid, Fault

__all__ = ["DefinitionInvalid", "Fault", "from_yaml", "load", "parse"]

#: A definition of more bytes is refused.
MAX_BYTES: Final = 256 * 1024
_MAX_DEPTH: Final = 64
_MOST_FAULTS: Final = 100
_MOST_EXPRESSIONS: Final = 2000


def parse(text: Mapping[str, Any], *, types: Mapping[str, StepKind]) -> Definition:
    """The definition that `text` says; `types` are the step types by name. Raises DefinitionInvalid with all faults.

    Fields may be written in camelCase; `text` of the definition is in snake_case. Secrets that it names need not exist.
    """
    _require_size(text)
    form, validator = _form(tuple(types.values()))
    spelled = spelling.snake(text, form)
    builder = Builder(types)
    definition = builder.definition(spelled)
    told = chain(sentences.faults(spelled, validator), builder.faults, checking.faults(definition, builder, types))
    # A stranger cannot make us tell of faults for long.
    if found := list(islice(told, 2 * _MOST_FAULTS)):
        raise DefinitionInvalid([_written(fault, text) for fault in _in_order(found, spelled)])
    return definition


def load(text: Mapping[str, Any], *, types: Mapping[str, StepKind]) -> Definition:
    """The definition that `text` says, which was parsed when it was saved and is not looked at again.

    What is refused now may have been taken then. Raises DefinitionInvalid when an expression cannot be compiled at all.
    """
    builder = Builder(types)
    definition = builder.definition(text)
    if builder.faults:
        raise DefinitionInvalid(builder.faults)
    return definition


def from_yaml(text: str) -> dict[str, Any]:
    """The JSON of a definition in YAML. Raises DefinitionInvalid."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise DefinitionInvalid([Fault("", f"Write at most {MAX_BYTES // 1024} KiB.")])
    try:
        value = documents.load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise DefinitionInvalid([Fault("", f"Write YAML: {error.problem}.", line, column)]) from error
    except documents.TooMuch as error:
        raise DefinitionInvalid([Fault("", "Write fewer values than these: a definition has not so many.")]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DefinitionInvalid([Fault("", "Write YAML; this cannot be read.")]) from error
    if not isinstance(value, dict):
        raise DefinitionInvalid([Fault("", "Write a definition: an object with steps.")])
    return value


def _require_size(text: Any) -> None:
    faults = list(islice(_not_json(text), _MOST_FAULTS))
    if faults:
        raise DefinitionInvalid(faults)
    try:
        written = structs.dumps(text)
        size = len(written.encode())
    except ValueError as error:
        raise DefinitionInvalid([Fault("", "Write finite numbers and valid Unicode.")]) from error
    if size > MAX_BYTES:
        raise DefinitionInvalid([Fault("", f"Write at most {MAX_BYTES // 1024} KiB; these are {size // 1024}.")])
    if written.count("${") > _MOST_EXPRESSIONS:
        raise DefinitionInvalid([Fault("", f"Write at most {_MOST_EXPRESSIONS:,} expressions.")])


def _not_json(text: Any) -> Iterator[Fault]:
    """What in `text` is no JSON, as YAML has it, or is nested too deep."""
    ahead: list[tuple[Any, tuple[str | int, ...]]] = [(text, ())]
    while ahead:
        value, path = ahead.pop()
        if isinstance(value, Mapping | list) and len(path) > _MAX_DEPTH:
            yield Fault("", f"Nest objects and lists at most {_MAX_DEPTH} deep.")
            return
        if isinstance(value, Mapping):
            for name in value:
                if not isinstance(name, str):
                    yield Fault(pointer([*path, name]), "Quote the name of this field.")
            ahead += [(inner, (*path, name)) for name, inner in value.items()]
        elif isinstance(value, list):
            ahead += [(inner, (*path, number)) for number, inner in enumerate(value)]
        elif value is not None and not isinstance(value, str | int | float):
            yield Fault(pointer(path), f"Quote this; JSON has no {type(value).__name__}.")


@lru_cache(maxsize=8)
def _form(kinds: tuple[StepKind, ...]) -> tuple[dict[str, Any], Draft202012Validator]:
    form = forms.schema({kind.name: kind for kind in kinds})
    return form, Draft202012Validator(form)


def _in_order(found: list[Fault], text: Mapping[str, Any]) -> list[Fault]:
    """Each fault once, in the order of the definition."""
    return sorted(dict.fromkeys(found), key=lambda fault: _position(fault, text))[:_MOST_FAULTS]


def _position(fault: Fault, value: Any) -> tuple[int, ...]:
    places = []
    for part in fault.pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping):
            known = list(value)
            places.append(known.index(name) if name in value else len(known))
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal():
            places.append(int(name))
            value = value[int(name)] if int(name) < len(value) else None
    return (*places, -1, fault.line, fault.column)


def _written(fault: Fault, text: Mapping[str, Any]) -> Fault:
    return replace(fault, pointer=spelling.as_written(fault.pointer, text))
