"""The product's workflows: made through its API, started over gRPC, and looked at by SQL once they ran."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from time import perf_counter
from typing import Any

import grpc
import psycopg2

from benchmarks.costs import metered
from benchmarks.executed import Executed
from benchmarks.load import GRPC, Load, run
from benchmarks.product import Person, Product, ProductError
from benchmarks.receiving import until
from benchmarks.wire import grpc_request
from server.core import ids
from userdata.workflows.v1 import execution_pb2, execution_service_pb2

SERVICE = "userdata.workflows.v1.ExecutionService"
BATCH = 1_000
"""The most executions that one call starts."""
SLOWEST = 50
"""Executions per second below which a run is given up."""
CONNECTIONS = 32
OPEN = "SELECT EXISTS (SELECT FROM workflow_open_execution WHERE workflow_id = %s)"
STATES = "SELECT state, count(*) FROM workflow_open_execution WHERE workflow_id = %s GROUP BY state"
RECORDED = """
SELECT count(DISTINCT execution.id), count(step.path)
FROM workflow_execution execution
LEFT JOIN workflow_step step ON step.execution_id = execution.id AND step.execution_time = execution.create_time
    AND step.status = 'SUCCEEDED'
WHERE execution.workflow_id = %s AND execution.state = 'SUCCEEDED' AND execution.create_time >= %s
"""
STARTS = """
SELECT extract(epoch FROM start_time)::float8 FROM workflow_step WHERE execution_id = %s
ORDER BY start_time
"""


class Workflow:
    """An active workflow of the product, in a workspace of its own, with what the benchmark does with it."""

    def __init__(
        self, *, product: Product, owner: Person, workspace_id: str, workflow_id: str, connection: Any
    ) -> None:
        self._product, self._owner, self._connection = product, owner, connection
        self.workspace_id, self.id = workspace_id, workflow_id
        self.uuid, self.workspace_uuid = str(ids.decode("wf", workflow_id)), str(ids.decode("ws", workspace_id))

    def start(self, inputs: list[dict[str, Any]]) -> None:
        """Starts one execution for each input, by calls of up to a thousand over gRPC."""
        request_of = execution_service_pb2.BatchExecuteWorkflowRequest
        with self._method("BatchExecuteWorkflow", execution_service_pb2.BatchExecuteWorkflowResponse) as call:
            for at in range(0, len(inputs), BATCH):
                request = request_of(workspace_id=self.workspace_id, workflow_id=self.id)
                for given in inputs[at : at + BATCH]:
                    request.starts.add().input.update(given)
                call(request)

    def execute(self, given: dict[str, Any]) -> tuple[execution_pb2.Execution, float]:
        """Starts one and waits for its end in the same call.

        Returns:
            The execution, and the seconds of the call. Raises ProductError when it did not succeed.
        """
        request = execution_service_pb2.ExecuteWorkflowRequest(workspace_id=self.workspace_id, workflow_id=self.id)
        request.input.update(given)
        request.wait.FromSeconds(20)
        with self._method("ExecuteWorkflow", execution_pb2.Execution) as call:
            began = perf_counter()
            execution = call(request)
            seconds = perf_counter() - began
        if execution.state != execution_pb2.EXECUTION_STATE_SUCCEEDED:
            raise ProductError(f"The execution {execution.id} did not succeed: {execution.error.message}")
        return execution, seconds

    def gaps(self, given: dict[str, Any]) -> list[float]:
        """One execution alone: seconds from the beginning of each step to that of the next, as recorded."""
        execution, _ = self.execute(given)
        starts = [row[0] for row in self.query(STARTS, (str(ids.decode("exe", execution.id)),))]
        return [after - before for before, after in pairwise(starts)]

    def batches(self, count: int, steps: int) -> Executed:
        """So many executions of so many steps, started by the thousand, until all are finished."""

        def work() -> float:
            began = perf_counter()
            self.start([{}] * count)
            self.finished(count)
            return perf_counter() - began

        return self._measured(work, count, steps)

    def calls(self, count: int, steps: int) -> Executed:
        """So many executions, each started by a call of its own from the load generator, until all are finished."""
        request = execution_service_pb2.ExecuteWorkflowRequest(workspace_id=self.workspace_id, workflow_id=self.id)
        head = {"authorization": f"Bearer {self._owner.token}"}
        message = request.SerializeToString()
        path = f"/{SERVICE}/ExecuteWorkflow"
        load = Load(
            protocol=GRPC,
            addresses=self._product.servers,
            requests=[grpc_request(path=path, authority="127.0.0.1", message=message, metadata=head)],
            expected=0,
            connections=CONNECTIONS,
            count=count,
            warm_up=0.0,
        )

        def work() -> float:
            outcome = run(load)
            # The generator's own beginning and end are not the product's.
            began = perf_counter()
            self.finished(count)
            return outcome.seconds + perf_counter() - began

        return self._measured(work, count, steps)

    def finished(self, count: int) -> None:
        """Returns once none is open."""
        within = 20 + count / SLOWEST
        until(lambda: not self.query(OPEN, (self.uuid,))[0][0], within=within, what="all ended", every=0.005)

    def waiting(self, count: int) -> None:
        """Returns once so many wait. Raises LoadFailedError."""
        within = 30 + count / SLOWEST
        until(lambda: self.states().get("WAITING") == count, within=within, what=f"{count} executions wait", every=0.2)

    def states(self) -> dict[str, int]:
        """How many are open, by state."""
        return dict(self.query(STATES, (self.uuid,)))

    def query(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives, in a transaction of its own."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def change(self, statement: str, values: dict[str, Any] | None = None) -> None:
        """Does something, in a transaction of its own."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def settle(self, *tables: str) -> None:
        """Does now what the database would do some minutes after so much was written: that is not to be measured."""
        self._connection.autocommit = True
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(f"VACUUM (ANALYZE) {', '.join(tables)}")
                cursor.execute("CHECKPOINT")
        finally:
            self._connection.autocommit = False

    def _measured(self, work: Callable[[], float], count: int, steps: int) -> Executed:
        moment = self.query("SELECT date_trunc('milliseconds', now())")[0][0]
        seconds, spent = metered(self._product.groups, work)
        recorded = self.query(RECORDED, (self.uuid, moment))[0]
        # The load generator takes answers of all connections at once, and each answered call is followed by another.
        if not count <= recorded[0] <= count + 2 * CONNECTIONS or recorded[1] != recorded[0] * steps:
            raise ProductError(f"{count} executions of {steps} steps became {recorded[0]} with {recorded[1]} records.")
        return Executed(recorded[1], seconds, spent.each(recorded[1]), spent.foreign)

    @contextmanager
    def _method(self, name: str, answer: Any) -> Iterator[Callable[[Any], Any]]:
        _, (host, port) = self._product.server()
        metadata = (("authorization", f"Bearer {self._owner.token}"),)
        with grpc.insecure_channel(f"{host}:{port}", [("grpc.max_receive_message_length", -1)]) as channel:
            call = channel.unary_unary(
                f"/{SERVICE}/{name}",
                request_serializer=lambda request: request.SerializeToString(),
                response_deserializer=answer.FromString,
            )
            yield lambda request: call(request, metadata=metadata, timeout=60)


@contextmanager
def workflow(product: Product, number: int, definition: dict[str, Any]) -> Iterator[Workflow]:
    """A new active workflow while the block lasts; `number` tells which workspace it gets."""
    owner = product.people[number % len(product.people)]
    workspace_id = owner.workspace_ids[number // len(product.people)]
    path = f"/v1/workspaces/{workspace_id}/workflows"
    body = {"name": f"bench-{perf_counter():.6f}".replace(".", "-"), "definition": definition}
    made = product.post(owner, path, body)
    product.post(owner, f"{path}/{made['id']}:activate", {})
    with closing(psycopg2.connect(product.installation.database_url)) as connection:
        yield Workflow(
            product=product, owner=owner, workspace_id=workspace_id, workflow_id=made["id"], connection=connection
        )


def sequence(kind: str, count: int, **config: Any) -> dict[str, Any]:
    """A definition of so many steps of a type, one after the other."""
    steps: list[dict[str, Any]] = [{"id": f"s{number}", "type": kind, "with": config} for number in range(count)]
    for before, step in pairwise(steps):
        step["needs"] = [before["id"]]
    return {"steps": steps, "output": {}}
