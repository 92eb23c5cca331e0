"""Taking definitions: bounded before they are parsed, all faults at once, and the same in each of its forms."""

import json
import time
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from server.workflows.convert import definitions as convert
from server.workflows.convert import jsons
from server.workflows.language import forms
from server.workflows.steps import registry
from tests.support.client import RpcError
from tests.workflows.calls import DEFINITIONS, ask, create, definition_of, update
from tests.workflows.factories import NOTHING
from tests.workspaces.factories import by, ws
from userdata.api.v1 import rules_pb2
from userdata.workflows.v1 import definition_pb2, execution_pb2, execution_service_pb2, workflow_pb2
from userdata.workflows.v1 import definition_service_pb2 as pb
from userdata.workflows.v1.definition_pb2 import Definition

FULL = {
    "input_schema": {"type": "object", "required": ["order_id"], "properties": {"order_id": {"type": "string"}}},
    "triggers": [
        {
            "id": "placed",
            "event": {"type": "order.placed", "filter": "event.data.total > 10.0"},
            "input": {"order_id": "${event.data.id}"},
        },
        {
            "id": "nightly",
            "schedule": {"cron": "0 2 * * *", "time_zone": "Europe/Berlin", "overlap": "SKIP"},
            "input": {"order_id": "all"},
        },
        {"id": "after", "workflow": {"name": "other", "states": ["SUCCEEDED"]}, "input": {"order_id": "x"}},
    ],
    "steps": [
        {
            "id": "charge",
            "type": "transform",
            "name": "Charge it",
            "if": "input.order_id != ''",
            "with": {"output": {"order": "${input.order_id}", "items": [1, 2.5, None, True]}},
            "on_error": {"action": "GOTO", "step": "refund"},
        },
        {"id": "refund", "type": "transform", "with": {"output": 1}},
        {
            "id": "each",
            "type": "foreach",
            "needs": ["charge"],
            "with": {"items": "[1, 2, 3]", "concurrency": 2},
            "steps": [{"id": "inner", "type": "transform", "with": {"output": "${item}"}}],
        },
    ],
    "output": {"total": "${steps.charge.output}"},
    "on_failure": [{"id": "report", "type": "transform", "with": {"output": "${error.message}"}}],
    "timeout": "1d",
    "concurrency": {"key": "${input.order_id}", "limit": 1, "on_conflict": "QUEUE"},
    "rate_limit": {"limit": 10, "period": "1m"},
    "priority": 2,
    "retention": "30d",
    "idempotency_key": "${input.order_id}",
}


def validate(ada, acme, **values):
    return by(ada)(f"{DEFINITIONS}ValidateWorkflow", pb.ValidateWorkflowRequest(workspace_id=ws(acme), **values))


def test_a_whole_definition_is_the_same_before_and_after(ada, acme):
    made = create(by(ada), acme, definition=FULL)
    assert convert.text_of(made.definition) == FULL
    assert convert.text_of(ask(by(ada), "GetWorkflow", acme, made.id).definition) == FULL
    assert update(by(ada), acme, made.id, yaml=json.dumps(FULL)).version == 1


def test_the_contract_has_every_field_of_the_language():
    schema = forms.schema(registry.TYPES)
    parts = schema["$defs"]
    messages = {
        "Definition": schema,
        "Step": parts["step"],
        "Branch": parts["branch"],
        "Retry": parts["retry"],
        "OnError": parts["on_error"],
        "Concurrency": parts["concurrency"],
        "RateLimit": parts["rate_limit"],
        "TriggerDefinition": parts["trigger"],
        "EventTrigger": parts["event"],
        "ScheduleTrigger": parts["schedule"],
        "WebhookTrigger": parts["webhook"],
        "WorkflowTrigger": parts["after"],
    }
    for name, part in messages.items():
        fields = definition_pb2.DESCRIPTOR.message_types_by_name[name].fields_by_name
        assert {*fields} == {*part["properties"]}, name


def test_the_example_of_the_contract_is_valid(ada, acme):
    options: Any = workflow_pb2.Workflow.DESCRIPTOR.fields_by_name["definition"].GetOptions()
    example = json.loads(options.Extensions[rules_pb2.rules].example)
    assert not validate(ada, acme, definition=ParseDict(example, Definition())).faults
    assert not validate(ada, acme, yaml=json.dumps(example)).faults


def test_all_faults_are_told_at_once_each_with_its_place(ada, acme):
    wrong = {
        "steps": [
            {"id": "a", "type": "transform", "needs": ["nobody"], "with": {"output": "${inptu.x}"}},
            {"id": "b", "type": "unheard_of"},
            {"id": "c", "type": "transform", "if": "1 +", "with": {"output": 1}},
        ]
    }
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, definition=wrong)
    assert refused.value.reason == "WORKFLOW_DEFINITION_INVALID"
    places = {"/steps/0/needs/0", "/steps/0/with/output", "/steps/1/type", "/steps/2/if"}
    assert places <= {field.removeprefix("workflow.definition") for field in refused.value.violations}
    answer = validate(ada, acme, definition=definition_of(wrong))
    assert places <= {fault.pointer for fault in answer.faults}
    assert not answer.HasField("definition")
    broken = next(fault for fault in answer.faults if fault.pointer == "/steps/2/if")
    assert broken.line == 1
    assert broken.column > 1


def test_a_definition_that_is_right_has_no_faults(ada, acme):
    answer = validate(ada, acme, yaml=json.dumps(FULL))
    assert not answer.faults
    assert convert.text_of(answer.definition) == FULL


def test_many_faults_are_cut_where_an_error_ends_and_told_by_validate(ada, acme):
    wrong = {"steps": [{"id": f"s{n}", "type": "unheard_of"} for n in range(400)]}
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, definition=wrong)
    assert 10 < len(refused.value.violations) < 100
    assert "More is wrong" in refused.value.violations["workflow.definition"]
    assert len(validate(ada, acme, definition=definition_of(wrong)).faults) == 100


@pytest.mark.parametrize(
    "text",
    [
        "steps: [",
        "- a list",
        "just text",
        "steps:\n- {id: a, type: transform, with: {output: .nan}}",
        "steps:\n- {id: a, type: transform, with: {output: .inf}}",
        "steps:\n- {id: a, type: transform, with: {output: 2026-11-02}}",
        "steps:\n- {id: a, type: transform, with: {output: !!binary aGk=}}",
        "steps:\n- {id: a, type: transform, with: {output: !!set {a, b}}}",
        "steps:\n- {id: a, type: transform, with: {output: {1: x}}}",
        "steps:\n- {id: a, type: transform, with: {output: {? [a] : x}}}",
        'steps:\n- {id: a, type: transform, with: {output: "\\0"}}',
        'steps:\n- {id: a, type: transform, with: {output: "\\uD800"}}',
        "steps:\n- {id: a, type: transform, with: {output: 99999999999999999999}}",
        "steps:\n- {id: a, type: transform, with: {output: !!python/object/apply:os.getcwd []}}",
        "concurrency: {key: 5, limit: 1}\nsteps:\n- {id: a, type: transform, with: {output: 1}}",
    ],
)
def test_what_yaml_has_and_json_has_not_is_refused(ada, acme, text):
    answer = validate(ada, acme, yaml=text)
    assert answer.faults
    assert all(fault.description for fault in answer.faults)
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, yaml=text)
    assert refused.value.reason == "WORKFLOW_DEFINITION_INVALID"


def growing(first, more):
    """A text of which each line means ten times the one before."""
    lines = [f"a{n}: &a{n} {more.format(', '.join([f'*a{n - 1}'] * 10))}" for n in range(1, 12)]
    return "\n".join([f"a0: &a0 {first}", *lines])


@pytest.mark.parametrize(
    "text",
    [
        growing("[x, x]", "[{}]"),
        growing("{x: 1}", "{{<<: [{}]}}"),
        "a: &a [*a]",
        "steps: [" + "1," * 100_000 + "]",
        "steps: " + "[" * 100_000,
        "- " * 100_000 + "a",
        "{a: " * 3000 + "}" * 3000,
        "\n".join(" " * n + "a:" for n in range(400)),
    ],
    ids=["aliases", "merges", "itself", "many", "deep", "deep_lists", "deep_objects", "deep_lines"],
)
def test_a_text_that_takes_long_to_read_is_refused_fast(ada, acme, text):
    began = time.process_time()
    assert validate(ada, acme, yaml=text).faults
    assert time.process_time() - began < 2


@pytest.mark.parametrize("size", [256 * 1024 - 300, 256 * 1024 + 1])
def test_a_definition_has_at_most_256_kib(ada, acme, size):
    steps: list[dict[str, Any]] = []
    left = size - 200
    while left > 0:
        steps.append({"id": f"s{len(steps)}", "type": "transform", "with": {"output": "x" * min(left, 60_000)}})
        left -= 60_000 + 60
    text = {"steps": steps}
    steps[0]["with"]["output"] += "y" * (size - len(json.dumps(text, separators=(",", ":"))))
    assert len(json.dumps(text, separators=(",", ":"))) == size
    if size <= 256 * 1024:
        assert len(create(by(ada), acme, definition=text).definition.steps) == len(steps)
        return
    for values in ({"definition": text}, {"yaml": json.dumps(text, separators=(",", ":"))}):
        with pytest.raises(RpcError) as refused:
            create(by(ada), acme, "other", **values)
        assert refused.value.code == "INVALID_ARGUMENT"


@pytest.mark.parametrize("depth", [20, 31, 60])
def test_what_is_too_deep_to_be_sent_is_refused(ada, acme, depth):
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    text = {"steps": [{"id": "a", "type": "transform", "with": {"output": value}}]}
    if depth < 30:
        made = create(by(ada), acme, yaml=json.dumps(text))
        request = pb.ValidateWorkflowResponse(definition=made.definition)
        assert pb.ValidateWorkflowResponse.FromString(request.SerializeToString()) == request
        return
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, yaml=json.dumps(text))
    assert refused.value.reason == "WORKFLOW_DEFINITION_INVALID"


def test_a_schema_of_the_input_that_is_none_is_refused(ada, acme):
    wrong = {**NOTHING, "input_schema": {"type": "object", "properties": {"a": {"type": "money"}}}}
    with pytest.raises(RpcError) as refused:
        create(by(ada), acme, definition=wrong)
    assert any(field.startswith("workflow.definition/input_schema") for field in refused.value.violations)


def test_step_types_are_listed_with_their_schemas(ada, acme):
    found = by(ada)(f"{DEFINITIONS}ListStepTypes", pb.ListStepTypesRequest(workspace_id=ws(acme))).step_types
    assert [kind.name for kind in found] == sorted(registry.TYPES)
    assert all(kind.summary and kind.schema["type"] == "object" for kind in found)
    assert {kind.name for kind in found if kind.has_steps} == {"foreach", "while"}
    assert {kind.name for kind in found if kind.has_branches} == {"switch", "parallel"}


def dry_run(ada, acme, **values):
    request = pb.DryRunWorkflowRequest(workspace_id=ws(acme))
    for name in ("input", "mocks"):
        if name in values:
            ParseDict({name: values.pop(name)}, request)
    request.MergeFrom(pb.DryRunWorkflowRequest(**values))
    return by(ada)(f"{DEFINITIONS}DryRunWorkflow", request)


ASKING = {
    "input_schema": {"type": "object", "required": ["total"], "properties": {"total": {"type": "number"}}},
    "steps": [
        {"id": "wait", "type": "delay", "with": {"duration": "7d"}},
        {"id": "ask", "type": "signal", "needs": ["wait"], "with": {"name": "go"}},
        {
            "id": "sum",
            "type": "transform",
            "needs": ["ask"],
            "with": {"output": "${input.total + steps.ask.output.more}"},
        },
        {"id": "hidden", "type": "transform", "if": "false", "with": {"output": "${secrets.TOKEN}"}},
    ],
    "output": "${steps.sum.output}",
}


def test_a_dry_run_goes_all_the_way_and_leaves_nothing(ada, acme):
    answer = dry_run(
        ada, acme, definition=definition_of(ASKING), input={"total": 1.5}, mocks={"ask": {"output": {"more": 2.25}}}
    )
    assert answer.state == "SUCCEEDED", answer.error
    assert answer.output.number_value == 3.75
    assert {step.path: step.status for step in answer.steps} == {
        "wait": "SUCCEEDED",
        "ask": "SUCCEEDED",
        "sum": "SUCCEEDED",
        "hidden": "SKIPPED",
    }


def test_a_mocked_error_fails_the_step(ada, acme):
    mocks = {"ask": {"error_code": "REFUSED"}}
    answer = dry_run(ada, acme, yaml=json.dumps(ASKING), input={"total": 1}, mocks=mocks)
    assert (answer.state, answer.error.code, answer.error.path) == ("FAILED", "REFUSED", "ask")
    assert not answer.HasField("output")


def test_a_dry_run_of_a_version(ada, acme):
    made = create(by(ada), acme, definition=NOTHING)
    update(by(ada), acme, made.id, definition=ASKING)
    assert dry_run(ada, acme, workflow_id=made.id, version=1).state == "SUCCEEDED"
    with pytest.raises(RpcError) as refused:
        dry_run(ada, acme, workflow_id=made.id)
    assert refused.value.reason == "EXECUTION_INPUT_INVALID"
    with pytest.raises(RpcError) as refused:
        dry_run(ada, acme, workflow_id=made.id, version=3)
    assert refused.value.code == "NOT_FOUND"
    with pytest.raises(RpcError) as refused:
        dry_run(ada, acme, workflow_id=made.id, definition=definition_of(NOTHING))
    assert [*refused.value.violations] == ["workflow_id"]
    with pytest.raises(RpcError) as refused:
        dry_run(ada, acme)
    assert [*refused.value.violations] == ["definition"]


def test_a_dry_run_shows_no_secrets(ada, acme):
    shown = {"steps": [{"id": "show", "type": "transform", "with": {"output": "${secrets.TOKEN}"}}]}
    assert dry_run(ada, acme, definition=definition_of(shown)).steps[0].output.string_value == "***"


def test_a_dry_run_without_end_ends(ada, acme):
    body = [{"id": "again", "type": "transform", "with": {"output": 1}}]
    endless = {"steps": [{"id": "poll", "type": "foreach", "with": {"items": "input.items"}, "steps": body}]}
    answer = dry_run(ada, acme, definition=definition_of(endless), input={"items": list(range(9000))})
    assert (answer.state, answer.error.code) == ("FAILED", "STEP_LIMIT")
    assert Definition.FromString(definition_of(endless).SerializeToString()) == definition_of(endless)


def nested(depth):
    value: Any = 1
    for _ in range(depth):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize("depth", [10, 30, 200])
def test_deep_json_is_cut_where_it_could_not_be_read(depth):
    step = execution_pb2.ExecutionStep(output=jsons.value_of(nested(depth)))
    step.error.details.CopyFrom(jsons.struct_of(nested(depth)))
    answer = execution_service_pb2.ListExecutionStepsResponse(steps=[step])
    again = execution_service_pb2.ListExecutionStepsResponse.FromString(answer.SerializeToString())
    assert again == answer
    assert (jsons.CUT in str(again)) == (depth > 10)
