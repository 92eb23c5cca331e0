"""A definition becomes what the engine reads, or everything that is wrong with it, in order and each with its place."""

from typing import Any

import pytest

from server.workflows.language import parsing
from server.workflows.language.definition import Concurrency, OnError, RateLimit, Retry
from server.workflows.language.faults import DefinitionInvalid, Fault
from server.workflows.steps import registry

WHOLE = """
input_schema:
  type: object
  required: [order_id]
  properties: {order_id: {type: string}, total: {type: number}, orders: {type: array, items: {type: object}}}
triggers:
- {id: placed, event: {type: order.placed, filter: "event.data.total > 10"}, input: {order_id: "${event.data.id}"}}
- {id: nightly, schedule: {cron: "0 2 * * *", time_zone: Europe/Berlin}, input: {order_id: all}}
- {id: hook, webhook: {source_id: src_01jbrk8xw7e5tvh2c9n4m6q0za}, input: "${event.data.body}"}
- {id: after, workflow: {name: other, states: [SUCCEEDED]}, input: {order_id: "${trigger.id}"}}
steps:
- {id: check, type: transform, with: {output: {big: "${input.total > 100}"}}}
- id: charge
  type: http
  name: Charge the card
  needs: [check]
  if: "input.total > 0"
  with:
    method: POST
    url: "https://pay.example.com/${input.order_id}"
    headers: {Authorization: "Bearer ${secrets.pay_key}"}
    body: {order: "${input.order_id}", note: "for ${input.order_id}, $${not this}"}
  retry: {max_attempts: 3, initial: 1s, factor: 3, max: 1m, jitter: 0.25, retry_on: [HTTP_STATUS, TIMEOUT]}
  timeout: 30s
  on_error: {action: GOTO, step: refund}
  cache_ttl: 10m
- {id: refund, type: transform, with: {output: "${steps.charge.error.code}"}}
- id: each
  type: foreach
  with: {items: input.orders, concurrency: 5, output: "{'one': steps.one.output, 'at': index}"}
  steps: [{id: one, type: transform, with: {output: "${item.id}"}}]
- id: poll
  type: while
  with: {condition: "steps.look == null || steps.look.output != 3", max_iterations: 9}
  steps: [{id: look, type: transform, with: {output: "${index}"}}]
- id: route
  type: switch
  needs: [charge]
  branches:
  - {name: big, when: "steps.check.output.big", steps: [{id: tell, type: delay, with: {duration: 1s}}]}
  - {name: rest, steps: [{id: rest, type: delay, with: {duration: 2s}}]}
- id: both
  type: parallel
  branches:
  - {name: a, steps: [{id: one_side, type: delay, with: {duration: 1s}}]}
  - {name: b, steps: [{id: other_side, type: delay, with: {duration: 1s}}]}
output: {total: "${steps.charge.output.body.total}"}
on_failure: [{id: mourn, type: transform, with: {output: "${error.step}: ${steps.charge.status}"}}]
timeout: 1d
concurrency: {key: "${input.order_id}", limit: 2, on_conflict: REJECT}
rate_limit: {key: all, limit: 10, period: 1m}
priority: 1
retention: 30d
idempotency_key: "${input.order_id}"
"""
VALUES = {"input": {"order_id": "o1", "total": 5}, "secrets": {"pay_key": "hunter2"}}


def test_every_part_of_a_definition_is_read(judge):
    definition = judge.takes(WHOLE)
    assert [trigger.kind for trigger in definition.triggers] == ["EVENT", "SCHEDULE", "WEBHOOK", "WORKFLOW"]
    assert definition.triggers[0].filter.evaluate({"event": {"data": {"total": 11}}}) is True
    assert definition.triggers[0].input.evaluate({"event": {"data": {"id": "o2"}}}) == {"order_id": "o2"}
    assert definition.triggers[1].text["schedule"]["cron"] == "0 2 * * *"
    assert (definition.timeout, definition.retention, definition.priority) == (86_400, 30 * 86_400, 1)
    assert isinstance(definition.concurrency, Concurrency)
    assert (definition.concurrency.limit, definition.concurrency.on_conflict) == (2, "REJECT")
    assert definition.concurrency.key
    assert definition.concurrency.key.evaluate(VALUES) == "o1"
    assert isinstance(definition.rate_limit, RateLimit)
    assert definition.rate_limit.key
    assert (definition.rate_limit.key.evaluate({}), definition.rate_limit.limit, definition.rate_limit.period) == (
        "all",
        10,
        60,
    )
    assert definition.idempotency_key.evaluate(VALUES) == "o1"
    assert definition.scope.output.evaluate({"steps": {"charge": {"output": {"body": {"total": 7}}}}}) == {"total": 7}
    assert definition.secrets == {"pay_key"}
    assert definition.on_failure.steps[0].id == "mourn"


def test_every_part_of_a_step_is_read(judge):
    check, charge, _refund, each, poll, route, both = judge.takes(WHOLE).scope.steps
    assert check.retry == Retry()
    assert (charge.id, charge.type, charge.name, charge.needs) == ("charge", "http", "Charge the card", ("check",))
    assert charge.condition.evaluate(VALUES) is True
    assert charge.config.evaluate(VALUES) == {
        "method": "POST",
        "url": "https://pay.example.com/o1",
        "headers": {"Authorization": "Bearer hunter2"},
        "body": {"order": "o1", "note": "for o1, ${not this}"},
    }
    assert charge.retry == Retry(3, 1, 3, 60, 0.25, frozenset({"HTTP_STATUS", "TIMEOUT"}))
    assert (charge.timeout, charge.cache_ttl, charge.on_error) == (30, 600, OnError("GOTO", "refund"))
    assert each.expressions["items"].evaluate({"input": {"orders": [1]}}) == [1]
    assert each.config.evaluate({}) == {
        "items": "input.orders",
        "concurrency": 5,
        "output": "{'one': steps.one.output, 'at': index}",
    }
    assert each.body.steps[0].id == "one"
    assert poll.expressions["condition"].evaluate({"steps": {"look": None}}) is True
    assert [(branch.name, branch.when is None) for branch in route.branches] == [("big", False), ("rest", True)]
    assert [branch.scope.steps[0].id for branch in both.branches] == ["one_side", "other_side"]


def test_camel_case_is_taken_and_stored_in_snake_case(judge):
    text = {
        "inputSchema": {"type": "object", "properties": {"orderId": {"type": "string"}}},
        "steps": [
            {
                "id": "go",
                "type": "while",
                "with": {"condition": "false", "maxIterations": 3},
                "onError": {"action": "CONTINUE"},
                "retry": {"maxAttempts": 2},
                "steps": [{"id": "say", "type": "transform", "with": {"output": {"orderId": "${input.orderId}"}}}],
            }
        ],
        "rateLimit": {"limit": 1, "period": "1s"},
        "onFailure": [{"id": "cry", "type": "delay", "with": {"duration": "1s"}}],
        "idempotencyKey": "x",
    }
    definition = parsing.parse(text, types=registry.TYPES)
    assert set(definition.text) == {"input_schema", "steps", "rate_limit", "on_failure", "idempotency_key"}
    step = definition.text["steps"][0]
    assert step["with"] == {"condition": "false", "max_iterations": 3}
    assert step["retry"] == {"max_attempts": 2}
    assert step["on_error"] == {"action": "CONTINUE"}
    # What is the customer's own stays as it is.
    assert step["steps"][0]["with"]["output"] == {"orderId": "${input.orderId}"}
    assert "orderId" in definition.text["input_schema"]["properties"]


def test_pointers_name_fields_as_they_were_written(judge):
    text = {
        "steps": [{"id": "a", "type": "fail", "with": {"message": "x"}, "onError": {"action": "GOTO", "step": "b"}}],
        "onFailure": [{"id": "f", "type": "delay", "with": {"duration": "1s"}, "cacheTtl": "soon"}],
    }
    assert set(judge.told(text)) == {"/steps/0/onError/step", "/onFailure/0/cacheTtl"}


def test_both_spellings_of_one_field_are_one_too_many(judge):
    text = {"steps": [{"id": "a", "type": "delay", "with": {"duration": "1s"}, "cache_ttl": "1s", "cacheTtl": "1s"}]}
    assert judge.told(text) == {"/steps/0/cacheTtl": "Remove cacheTtl; there is no such field."}


def test_all_faults_come_at_once_in_the_order_of_the_definition(judge):
    faults = judge.faults(
        """
        steps:
        - {id: a, type: htpp}
        - {id: b, type: transform, needs: [c], with: {output: "${steps.c.output}"}}
        - {id: c, type: transform, needs: [b, zz], with: {outputt: 1}}
        - {id: d, type: delay, with: {duration: 1s}, timeout: 5 minutes, if: "1 +"}
        - {id: d, type: fail, with: {message: "${inputs.x} and ${secrets.y +}"}}
        triggers: [{id: t, schedule: {cron: "61 * * * *", time_zone: Mars}}]
        output: "${steps.b.outputs}"
        """
    )
    assert [fault.pointer for fault in faults] == [
        "/steps/0/type",
        "/steps/1/needs",
        "/steps/2/needs/1",
        "/steps/2/with",
        "/steps/2/with/outputt",
        "/steps/3/timeout",
        "/steps/3/if",
        "/steps/4/id",
        "/steps/4/with/message",
        "/triggers/0/schedule/cron",
        "/triggers/0/schedule/time_zone",
        "/output",
    ]
    assert all(fault.text.endswith((".", "?")) for fault in faults)


@pytest.mark.parametrize(
    ("text", "pointer", "says"),
    [
        ("{}", "", "Add steps."),
        ("steps: []", "/steps", "Give at least 1."),
        ("steps: 3", "/steps", "Write a list here; it is a number."),
        ("steps: [3, null]", "/steps/1", "Write an object here; it is null."),
        ("steps: [{id: A, type: delay}]", "/steps/0/id", "Write a name of a-z, 0-9 and _"),
        ("steps: [{id: a, type: deley}]", "/steps/0/type", "Did you mean delay?"),
        ("steps: [{id: a, type: delay, with: {}}]", "/steps/0/with", "Add duration."),
        ("steps: [{id: a, type: delay}]", "/steps/0", "Add with."),
        ("steps: [{id: a, type: delay, with: {duration: {}}}]", "/steps/0/with/duration", "it is an object"),
        ("steps: [{id: a, type: foreach, with: {items: 'input.x'}}]", "/steps/0", "Add steps."),
        ("steps: [{id: a, type: switch}]", "/steps/0", "Add branches."),
        ("steps: [{id: a, type: delay, steps: []}]", "/steps/0/steps", "Remove steps; what it stands in has none."),
        ("{steps: [], extra: 1}", "/extra", "Remove extra; there is no such field."),
        ("{steps: [], timeout: 400d}", "/timeout", "Write at most a year"),
        ("{steps: [], priority: 9}", "/priority", "Write at most 5."),
        ("{steps: [], concurrency: {limit: 1, on_conflict: WAIT}}", "/concurrency/on_conflict", "Write one of QUEUE"),
        ("{steps: [], triggers: [{id: t}]}", "/triggers/0", "Give exactly one of event, schedule, webhook, workflow."),
        (
            "{steps: [], triggers: [{id: t, event: {type: a}, workflow: {name: b}}]}",
            "/triggers/0",
            "Give exactly one of",
        ),
        (
            "{steps: [], triggers: [{id: t, event: {type: a}}, {id: t, event: {type: a}}]}",
            "/triggers/1/id",
            "Choose another",
        ),
        ("{steps: [], input_schema: {type: text}}", "/input_schema/type", "Mend the schema"),
        ("{steps: [], input_schema: {type: string}}", "/input_schema/type", "Write object; an input is one."),
        ("{steps: [], input_schema: {properties: {a: {pattern: '('}}}}", "/input_schema/properties/a/pattern", "Mend"),
    ],
)
def test_each_fault_has_its_place_and_says_what_to_do(judge, text: str, pointer: str, says: str):
    assert says in judge.told(text)[pointer]


def test_a_template_may_stand_for_any_value_but_not_for_an_expression(judge):
    step = "{id: a, type: while, with: {condition: 'false', max_iterations: MOST}, steps: [STEP]}"
    inner = "{id: b, type: delay, with: {duration: 1s}}"
    text = f"steps: [{step}]".replace("STEP", inner)
    assert judge.told(text.replace("MOST", '"${trigger.event.most}"')) == {}
    assert judge.told(text.replace("MOST", '"many"')) == {
        "/steps/0/with/max_iterations": "Write a whole number here; it is a text."
    }
    assert "/steps/0/with/condition" in judge.told(text.replace("MOST", "1").replace("'false'", '"${true}"'))


def test_what_is_too_large_is_refused_before_it_is_looked_at(judge):
    step = {"id": "a", "type": "transform", "with": {"output": "x" * parsing.MAX_BYTES}}
    assert judge.told({"steps": [step]}) == {"": "Write at most 256 KiB; these are 256."}
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    assert judge.told({"steps": deep}) == {"": "Nest objects and lists at most 64 deep."}
    many = {"id": "a", "type": "transform", "with": {"output": [f"${{{i}}}" for i in range(2001)]}}
    assert judge.told({"steps": [many]}) == {"": "Write at most 2,000 expressions."}
    steps = [{"id": f"s{i}", "type": "delay", "with": {"duration": "1s"}} for i in range(501)]
    assert "500" in judge.told({"steps": steps})["/steps"]
    inner: dict[str, Any] = {"id": "s0", "type": "delay", "with": {"duration": "1s"}}
    for number in range(1, 9):
        inner = {"id": f"s{number}", "type": "while", "with": {"condition": "false"}, "steps": [inner]}
    assert [fault.text for fault in judge.faults({"steps": [inner]})] == [
        "Nest steps at most 8 deep. Use sub_workflow."
    ]
    assert judge.faults({"steps": [inner["steps"][0]]}) == []


def test_what_only_yaml_has_is_told_with_its_place(judge):
    step = "{id: a, type: transform, with: {output: [2026-01-01, {1: x}, 2026-01-01T00:00:00Z]}}"
    assert judge.told(f"steps: [{step}]") == {
        "/steps/0/with/output/0": "Quote this; JSON has no date.",
        "/steps/0/with/output/1/1": "Quote the name of this field.",
        "/steps/0/with/output/2": "Quote this; JSON has no datetime.",
    }
    assert judge.told("steps: [{id: a, type: transform, with: {output: .nan}}]") == {
        "": "Write finite numbers and valid Unicode."
    }


def test_a_saved_definition_is_loaded_whatever_would_be_refused_today(judge):
    text = {"steps": [{"id": "a", "type": "delay", "with": {"duration": "1s"}, "needs": ["gone"], "new_field": 1}]}
    assert judge.faults(text)
    assert parsing.load(text, types=registry.TYPES).scope.steps[0].needs == ("gone",)
    with pytest.raises(DefinitionInvalid):
        parsing.load({"steps": [{"id": "a", "type": "delay", "if": "1 +"}]}, types=registry.TYPES)


def test_yaml_tells_where_it_ends_to_be_yaml():
    with pytest.raises(DefinitionInvalid) as caught:
        parsing.from_yaml("steps:\n- {id: a")
    (fault,) = caught.value.faults
    assert (fault.pointer, fault.line > 1, fault.text.startswith("Write YAML: ")) == ("", True, True)
    for text in ("[1]", "", "x"):
        with pytest.raises(DefinitionInvalid) as caught:
            parsing.from_yaml(text)
        assert caught.value.faults == (Fault("", "Write a definition: an object with steps."),)
