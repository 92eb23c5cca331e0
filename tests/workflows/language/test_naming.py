"""What an expression names has to be there where it stands, and to have the type that it is taken for."""

import json

import pytest

INPUT = """
input_schema:
  type: object
  required: [id]
  properties:
    id: {type: string}
    count: {type: integer}
    total: {type: number}
    paid: {type: boolean}
    tags: {type: array, items: {type: string}}
    lines: {type: array, items: {type: object, properties: {price: {type: number}, sku: {type: string}}}}
    customer: {type: object, properties: {name: {type: string}, address: {type: object, properties: {city: {}}}}}
    open: {type: object, additionalProperties: true, properties: {a: {type: string}}}
    odd-name: {type: string}
    anything: {}
    either: {type: [string, integer]}
    perhaps: {type: [string, "null"]}
"""


def transform(expression: str, *, needs: str = "") -> str:
    return f"""{INPUT}
steps:
- {{id: first, type: http, with: {{url: "https://example.com"}}}}
- id: here
  type: transform
  needs: [{needs}]
  with: {{output: {json.dumps(expression)}}}
"""


GOOD = [
    "${input.id + 'x'}",
    "${input.count + 1}",
    "${input.total > 0 && input.total < 1.5}",
    "${double(input.total) * 2.0}",
    "${input.paid ? 1 : 2}",
    "${input.tags.map(tag, tag + '!')}",
    "${input.lines.filter(line, line.price > 3).map(line, line.sku)}",
    "${input.customer.address.city}",
    "${input.customer}",
    "${input.customer == null}",
    "${has(input.customer.name)}",
    "${'id' in input}",
    "${size(input)}",
    "${input['id']}",
    "${input['odd-name'] + 'x'}",
    "${input.open.whatever.there + 1}",
    "${input.anything.goes[0]}",
    "${input.either == 1}",
    "${input.perhaps == null || input.perhaps.startsWith('x')}",
    "${{'a': input, 'b': [input.customer, trigger]}}",
    "${trigger.time == null || trigger.time.getFullYear() > 2000}",
    "${execution.create_time > timestamp('2026-01-01T00:00:00Z')}",
    "${workflow.version + 1}",
    "${workspace.slug + workflow.name}",
    "${secrets.key + 'x'}",
]


@pytest.mark.parametrize("expression", GOOD)
def test_what_is_right_is_taken(judge, expression: str):
    assert judge.told(transform(expression)) == {}


@pytest.mark.parametrize(
    ("expression", "column", "says"),
    [
        ("${input.xyz}", 3, "There is no xyz in input. Add it to input_schema, or name another."),
        ("${input.totl > 1}", 3, "There is no totl in input. Did you mean total?"),
        ("for ${input.customer.nme}", 7, "There is no nme in input.customer. Did you mean name?"),
        ("${1 + input.id}", 5, "There is no + for (int, string)"),
        ("${input.total + 'x'}", 15, "There is no + for (double, string)"),
        ("${input.total * 2}", 15, "A number may be whole or not: write double(…) around it."),
        ("${input.id == 5}", 12, "There is no == for (string, int)"),
        ("${input.total == 'x'}", 15, "There is no == for (double, string)"),
        ("${input.tags.map(tag, tag + 1)}", 27, "There is no + for (string, int)"),
        ("${input.lines.map(line, line.prise)}", 29, "Undefined field 'prise'"),
        ("${item}", 3, "There is no item here; foreach has it for its steps."),
        ("${event.data}", 3, "There is no event here; triggers by events and wait_event have it."),
        ("${error.code}", 3, "There is no error here; the steps of on_failure have it."),
        ("${inputs.id}", 9, "There is no inputs here. Did you mean input?"),
        ("${trigger.kid}", 3, "There is no kid in trigger. Did you mean"),
        ("${secrets}", 3, "Name one secret, as in secrets.api_key."),
        ("${steps}", 3, "Name a step, as in steps.charge.output."),
        ("${steps[input.id].output}", 3, "Name a step, as in steps.charge.output."),
        ("${steps.frist.output}", 3, "There is no step frist. Did you mean first?"),
        ("${steps.first.output.body}", 3, "Add first to needs; it may not have ended by now."),
        ("${steps.here.output}", 3, "Name another step; here has not ended by now."),
        ("${input.id +}", 13, "Syntax error"),
        ("${input.id", 1, "Close the expression with }."),
    ],
)
def test_what_is_wrong_is_told_with_its_column(judge, expression: str, column: int, says: str):
    (fault,) = judge.faults(transform(expression))
    assert (fault.pointer, fault.line) == ("/steps/1/with/output", 1)
    assert says in fault.text
    assert fault.column == column


def test_lines_are_counted_from_the_beginning_of_the_text(judge):
    (fault,) = judge.faults(transform("first\n  ${input.id +\n   input.count}"))
    assert (fault.line, fault.column) == (2, 14)
    (fault,) = judge.faults(transform("first\n  ${input.id == 'x' &&\n   input.nope}"))
    assert (fault.line, fault.column) == (3, 4)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("${steps.first.output.body.id}", None),
        ("${steps.first.status == 'SUCCEEDED'}", None),
        ("${steps.first.error.code}", None),
        ("${steps.first.outputs}", "A step has output, status, error, but no outputs."),
        ("${steps.first.output.stats}", "There is no stats in steps.first.output"),
        ("${steps.first.output.status + 'x'}", "There is no + for (int, string)"),
    ],
)
def test_outputs_have_the_types_that_their_steps_declare(judge, expression: str, says: str | None):
    faults = [fault.text for fault in judge.faults(transform(expression, needs="first"))]
    assert (faults == []) if says is None else says in faults[0]


SCOPES = """
steps:
- {id: before, type: delay, with: {duration: 1s}}
- id: each
  type: foreach
  needs: [before]
  with: {items: "[1, 2]", output: EACH}
  steps:
  - {id: one, type: transform, with: {output: ONE}}
  - {id: two, type: transform, needs: [one], with: {output: TWO}}
- id: poll
  type: while
  with: {condition: WHILE}
  steps: [{id: look, type: transform, with: {output: LOOK}}]
- id: route
  type: switch
  needs: [each]
  branches: [{name: x, when: WHEN, steps: [{id: there, type: transform, with: {output: THERE}}]}]
- {id: risky, type: delay, needs: [before], with: {duration: 1s}, on_error: {action: GOTO, step: rescue}}
- {id: rescue, type: transform, with: {output: RESCUE}}
- {id: saved, type: transform, needs: [rescue], with: {output: SAVED}}
output: OUTPUT
on_failure: [{id: mourn, type: transform, with: {output: MOURN}}]
"""
PLACES = {
    "EACH": "1 == 1",
    "WHILE": "false",
    "WHEN": "true",
    **dict.fromkeys(("ONE", "TWO", "LOOK", "THERE", "RESCUE", "SAVED", "OUTPUT", "MOURN"), "1"),
}
PLAIN = {"EACH", "WHILE", "WHEN"}


def scoped(place: str, expression: str) -> str:
    text = SCOPES
    for name, usual in PLACES.items():
        value = expression if name == place else usual
        text = text.replace(f" {name}", f' "{value}"' if name in PLAIN else f' "${{{value}}}"')
    return text


@pytest.mark.parametrize(
    ("place", "expression"),
    [
        ("EACH", "steps.two.output == item && index > 0"),
        ("ONE", "[item, index, steps.before.status]"),
        ("TWO", "[steps.one.output, item]"),
        ("WHILE", "steps.look == null || steps.look.output < 3 && index < 5"),
        ("LOOK", "index"),
        ("WHEN", "steps.each.output.size() > 0 && steps.before.status == 'SUCCEEDED'"),
        ("THERE", "[steps.each.output, steps.before.output]"),
        ("RESCUE", "[steps.risky.error.code, steps.before.output]"),
        ("SAVED", "[steps.rescue.output, steps.risky.error, steps.before.output]"),
        ("OUTPUT", "[steps.each.output, steps.route.output, steps.poll.output]"),
        ("MOURN", "[error.step, error.code, error.message, steps.each.output, steps.saved.output]"),
    ],
)
def test_a_step_sees_what_has_ended_in_its_scope_and_the_outer_ones(judge, place: str, expression: str):
    assert judge.told(scoped(place, expression)) == {}


@pytest.mark.parametrize(
    ("place", "expression", "says"),
    [
        ("ONE", "steps.two.output", "Add two to needs; it may not have ended by now."),
        ("ONE", "steps.each.output", "Name another step; each has not ended by now."),
        ("ONE", "steps.poll.output", "Add poll to needs; it may not have ended by now."),
        ("TWO", "steps.look.output", "Name steps.poll.output instead; look is inside of it."),
        ("LOOK", "item", "There is no item here; foreach has it for its steps."),
        ("LOOK", "steps.look.output", "Name another step; look has not ended by now."),
        ("WHEN", "steps.there.output == 1", "Name steps.route.output instead; there is inside of it."),
        ("OUTPUT", "steps.two.output", "Name steps.each.output instead; two is inside of it."),
        ("OUTPUT", "item", "There is no item here; foreach has it for its steps."),
        ("OUTPUT", "steps.mourn.output", "Name another step; mourn is not seen from here."),
        ("EACH", "event.data == 1", "There is no event here; triggers by events and wait_event have it."),
        ("RESCUE", "steps.saved.output", "Add saved to needs; it may not have ended by now."),
        ("WHEN", "steps.before.status", "Let it give true or false; it gives a text."),
        ("WHILE", "index + 1", "Let it give true or false; it gives a whole number."),
    ],
)
def test_what_a_step_cannot_see_is_told_with_what_to_do(judge, place: str, expression: str, says: str):
    assert [fault.text for fault in judge.faults(scoped(place, expression))] == [says]


def trigger(trigger: str) -> str:
    return f"{INPUT}\ntriggers: [{trigger}]\nsteps: [{{id: a, type: delay, with: {{duration: 1s}}}}]"


@pytest.mark.parametrize(
    ("text", "pointer", "says"),
    [
        ("{id: t, schedule: {cron: '@daily'}}", "/triggers/0", "Add input with id, which input_schema requires."),
        ("{id: t, event: {type: x}, input: {}}", "/triggers/0/input", "Add id."),
        ("{id: t, event: {type: x}, input: {id: 5}}", "/triggers/0/input/id", "Write a text here; it is a number."),
        (
            "{id: t, event: {type: x}, input: {id: a, ttl: 1}}",
            "/triggers/0/input/ttl",
            "There is no ttl in input_schema.",
        ),
        ("{id: t, event: {type: x}, input: {id: '${1 + 1}'}}", "/triggers/0/input/id", "Let it give a text"),
        ("{id: t, event: {type: x}, input: {id: '${input.id}'}}", "/triggers/0/input/id", "There is no input here"),
        (
            "{id: t, event: {type: x}, input: {id: '${steps.a.output}'}}",
            "/triggers/0/input/id",
            "There is no steps here",
        ),
        (
            "{id: t, event: {type: x, filter: 'event.subject'}, input: {id: a}}",
            "/triggers/0/event/filter",
            "true or false",
        ),
        (
            "{id: t, event: {type: x, filter: 'event.dat.x > 1'}, input: {id: a}}",
            "/triggers/0/event/filter",
            "no dat in",
        ),
        (
            "{id: t, schedule: {cron: '@daily'}, input: {id: '${event.id}'}}",
            "/triggers/0/input/id",
            "There is no event",
        ),
    ],
)
def test_a_trigger_makes_what_the_input_schema_wants(judge, text: str, pointer: str, says: str):
    assert says in judge.told(trigger(text))[pointer]


@pytest.mark.parametrize(
    "text",
    [
        "{id: t, event: {type: x, filter: 'event.data.a.b > 10 && event.time > event.create_time'}, input: {id: a}}",
        "{id: t, event: {type: x}, input: {id: '${event.data.id}', total: '${event.data.n}', tags: ['${event.id}']}}",
        "{id: t, event: {type: x}, input: '${event.data}'}",
        "{id: t, event: {type: x}}",
        "{id: t, schedule: {cron: '@daily'}, input: {id: '${string(trigger.time)}'}}",
    ],
)
def test_a_trigger_that_does_is_taken(judge, text: str):
    assert judge.told(trigger(text)) == {}


def test_an_expression_of_another_type_than_the_step_wants_is_told(judge):
    text = f"""{INPUT}
steps:
- {{id: a, type: foreach, with: {{items: input.id}}, steps: [{{id: b, type: delay, with: {{duration: 1s}}}}]}}
- {{id: c, type: approval, with: {{title: "${{input.count}}", approvers: ["${{input.paid}}"]}}}}
- {{id: d, type: wait_event, with: {{type: x, match: "event.data.id == input.id && event.type"}}}}
"""
    told = judge.told(text)
    assert told["/steps/0/with/items"] == "Let it give a list; it gives a text."
    assert told["/steps/1/with/title"] == "Let it give a text; it gives a whole number."
    assert told["/steps/1/with/approvers/0"] == "Let it give a text; it gives true or false."
    assert "/steps/2/with/match" in told


def test_what_starts_an_execution_sees_neither_steps_nor_secrets(judge):
    step = "{id: a, type: delay, with: {duration: 1s}}"
    for name, says in {
        "secrets.x": "steps have them",
        "steps.a": "once steps run",
        "execution.id": "once steps run",
    }.items():
        for field in (
            "idempotency_key: KEY",
            "concurrency: {limit: 1, key: KEY}",
            "rate_limit: {limit: 1, period: 1s, key: KEY}",
        ):
            (fault,) = judge.faults(f"steps: [{step}]\n" + field.replace("KEY", f"'${{{name}}}'"))
            assert says in fault.text
            assert judge.faults(f"steps: [{step}]\n" + field.replace("KEY", "'${trigger.id} ${workflow.name}'")) == []


def test_fields_that_differ_little_are_two(judge):
    properties = (
        "{a_b: {type: string}, aB: {type: integer}, _: {type: string}, in: {type: string}, a-b: {type: string}}"
    )
    step = "{id: a, type: transform, with: {output: '${input.a_b + string(input.aB) + input._}'}}"
    assert judge.told(f"input_schema: {{properties: {properties}}}\nsteps: [{step}]") == {}


def test_without_a_schema_the_input_may_be_anything(judge):
    text = "steps: [{id: a, type: transform, with: {output: '${input.what.ever + 1}'}}]"
    assert judge.told(text) == {}


def test_many_different_expressions_do_not_take_long(judge):
    properties = ", ".join(f"p{i}: {{type: object, properties: {{a: {{type: number}}}}}}" for i in range(120))
    steps = "\n".join(
        f"- {{id: s{i}, type: transform, with: {{output: '${{input.p{i} == null || input.p{i}.a > 1}}'}}}}"
        for i in range(120)
    )
    assert judge.told(f"input_schema: {{type: object, properties: {{{properties}}}}}\nsteps:\n{steps}") == {}
