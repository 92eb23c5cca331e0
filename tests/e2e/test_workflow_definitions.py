"""Workflows over REST in a whole installation: definitions in JSON and YAML, faults, triggers, secrets, dry runs."""

from typing import Any

import pytest

from tests.e2e.support.people import Person

pytestmark = pytest.mark.xdist_group("e2e")

YAML = """
triggers:
- {id: nightly, schedule: {cron: "0 2 * * *", timeZone: Europe/Berlin}}
steps:
- {id: wait, type: delay, with: {duration: 1h}}
- {id: ask, type: signal, needs: [wait], with: {name: go}, on_error: {action: CONTINUE}}
output: {asked: "${steps.ask.output}"}
"""
JSON: dict[str, Any] = {
    "triggers": [{"id": "nightly", "schedule": {"cron": "0 2 * * *", "timeZone": "Europe/Berlin"}}],
    "steps": [
        {"id": "wait", "type": "delay", "with": {"duration": "1h"}},
        {"id": "ask", "type": "signal", "needs": ["wait"], "with": {"name": "go"}, "onError": {"action": "CONTINUE"}},
    ],
    "output": {"asked": "${steps.ask.output}"},
}


def bare(value: Any) -> Any:
    """A definition without its empty lists, which REST writes out."""
    if isinstance(value, dict):
        return {name: bare(inner) for name, inner in value.items() if inner != []}
    return [bare(inner) for inner in value] if isinstance(value, list) else value


@pytest.fixture
def place(ada: Person) -> str:
    """The path of a new workspace."""
    return f"/v1/workspaces/{ada.workspace()}"


def test_a_definition_is_the_same_in_yaml_and_in_json(ada: Person, place: str) -> None:
    made = ada.rest.post(f"{place}/workflows", {"name": "ask-daily", "yaml": YAML})
    assert (made["state"], made["version"], bare(made["definition"])) == ("WORKFLOW_STATE_DRAFT", 1, JSON)
    path = f"{place}/workflows/{made['id']}"
    saved = ada.rest.send("PATCH", path, {"definition": JSON, "etag": made["etag"]}).json
    assert saved == made
    again = ada.rest.send("PATCH", path, {"definition": made["definition"]}).json
    assert again == made
    changed = ada.rest.send("PATCH", path, {"definition": {**JSON, "priority": 1}}).json
    assert changed["version"] == 2
    assert ada.rest.send("GET", f"{path}/versions/1").json["definition"] == made["definition"]
    assert [version["version"] for version in ada.rest.send("GET", f"{path}/versions").json["versions"]] == [2, 1]
    stale = ada.rest.send("PATCH", path, {"definition": JSON, "etag": made["etag"]})
    assert (stale.status, stale.reason) == (409, "ETAG_MISMATCH")


def violations(answer: Any) -> set[str]:
    """The fields that an error names."""
    (bad,) = [detail for detail in answer.json["details"] if detail["@type"].endswith("BadRequest")]
    return {violation["field"] for violation in bad["fieldViolations"]}


def test_all_faults_come_at_once(ada: Person, place: str) -> None:
    steps = [{"id": "a", "type": "transform", "needs": ["nobody"]}, {"id": "a", "type": "unheard_of", "if": "1 +"}]
    answer = ada.rest.send("POST", f"{place}/workflows", {"name": "wrong", "definition": {"steps": steps}})
    assert (answer.status, answer.reason) == (400, "WORKFLOW_DEFINITION_INVALID")
    expected = {"/steps/0/needs/0", "/steps/1/id", "/steps/1/type", "/steps/1/if"}
    assert {f"workflow.definition{pointer}" for pointer in expected} <= violations(answer)
    told = ada.rest.post(f"{place}/workflows:validate", {"definition": {"steps": steps}})
    assert expected <= {fault["pointer"] for fault in told["faults"]}


def test_an_unknown_field_of_a_definition_is_refused(ada: Person, place: str) -> None:
    answer = ada.rest.send(
        "POST", f"{place}/workflows", {"name": "wrong", "definition": {"steps": [{"id": "a", "kind": "x"}]}}
    )
    assert answer.status == 400
    written = "steps:\n- {id: a, type: transform, kind: x, with: {output: 1}}"
    answer = ada.rest.send("POST", f"{place}/workflows", {"name": "wrong", "yaml": written})
    assert violations(answer) == {"workflow.yaml/steps/0/kind"}


def test_a_workflow_in_use(ada: Person, place: str) -> None:
    made = ada.rest.post(f"{place}/workflows", {"name": "ask-daily", "yaml": YAML})
    path = f"{place}/workflows/{made['id']}"
    assert ada.rest.post(f"{path}:activate", {})["state"] == "WORKFLOW_STATE_ACTIVE"
    (trigger,) = ada.rest.send("GET", f"{path}/triggers").json["triggers"]
    assert (trigger["kind"], bare(trigger["definition"])) == ("TRIGGER_KIND_SCHEDULE", JSON["triggers"][0])
    assert ada.rest.post(f"{path}/triggers/nightly:pause", {})["paused"] is True
    assert "nextTime" in ada.rest.post(f"{path}/triggers/nightly:resume", {})
    assert ada.rest.send("GET", f"{path}/stats").json["total"]["succeeded"] == "0"
    assert ada.rest.post(f"{path}:archive", {})["state"] == "WORKFLOW_STATE_ARCHIVED"
    listed = ada.rest.send("GET", f"{place}/workflows?filter=state%20%3D%20WORKFLOW_STATE_ARCHIVED").json
    assert [workflow["name"] for workflow in listed["workflows"]] == ["ask-daily"]
    assert ada.rest.send("DELETE", path).status == 200
    assert ada.rest.send("GET", path).status == 404


def test_a_dry_run_and_the_types_of_steps(ada: Person, place: str) -> None:
    asked = {"yaml": YAML, "mocks": {"ask": {"output": {"yes": True}}}}
    answer = ada.rest.post(f"{place}/workflows:dryRun", asked)
    assert (answer["state"], answer["output"]) == ("SUCCEEDED", {"asked": {"yes": True}})
    assert [step["path"] for step in answer["steps"]] == ["wait", "ask"]
    types = ada.rest.send("GET", f"{place}/workflow-step-types").json["stepTypes"]
    assert {"transform", "foreach", "approval"} <= {kind["name"] for kind in types}
    assert all(kind["schema"]["type"] == "object" for kind in types)


def test_a_secret_is_written_and_not_read(ada: Person, place: str) -> None:
    made = ada.rest.post(f"{place}/workflow-secrets", {"name": "PAY_TOKEN", "value": "pay_live_1"})
    assert made["value"] == ""
    assert ada.rest.post(f"{place}/workflow-secrets/PAY_TOKEN:set", {"value": "pay_live_2"})["name"] == "PAY_TOKEN"
    answer = ada.rest.send("GET", f"{place}/workflow-secrets")
    assert [secret["name"] for secret in answer.json["secrets"]] == ["PAY_TOKEN"]
    assert "pay_live" not in str(answer.json)
    assert ada.rest.send("DELETE", f"{place}/workflow-secrets/PAY_TOKEN").status == 200
