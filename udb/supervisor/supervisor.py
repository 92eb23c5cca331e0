"""Brings stages of processes up in order, keeps them up, and takes them down in the opposite order within a bound."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from udb.errors import ToolError
from udb.paths import Var
from udb.supervisor.child import Child, GaveUp
from udb.supervisor.logs import LogFile, Output
from udb.supervisor.spec import Spec, guarded
from udb.supervisor.state import READY, STOPPING, State

#: A stop takes at most this long until the last process is signalled harder; 10 s is what is promised.
_STOP_WITHIN_S: Final = 8.0
#: One Ctrl-C may arrive twice, from the terminal and from `make` or `timeout`.
_SAME_REQUEST_S: Final = 0.3


class StopRequested(Exception):
    """Somebody asked for the stop while the installation was coming up."""


class Operator(Protocol):
    """Who is told what happens."""

    def announce(self, text: str) -> None:
        """Take a sentence about a process."""

    def show(self, name: str, line: bytes) -> None:
        """Take a log line of process `name` that matters."""


class Supervisor:
    """The processes of one installation. Use it from one event loop, in the main thread (PR_SET_PDEATHSIG)."""

    def __init__(self, var: Var, *, environment: Mapping[str, str], operator: Operator, verbose: bool = False) -> None:
        self.state = State()
        self.stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._asked = 0.0
        self._var, self._environment, self._operator, self._verbose = var, environment, operator, verbose
        self._stages: list[list[Child]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def request_stop(self) -> None:
        """Ask for the stop; asking again hurries it."""
        now = asyncio.get_running_loop().time()
        if not self.stopping.is_set():
            self._asked = now
        elif now - self._asked > _SAME_REQUEST_S:
            self._hurry.set()
        self.stopping.set()

    async def start(self, *stages: Sequence[Spec]) -> None:
        """Start all `stages` at once and wait until every process is ready; they stop from the last to the first.

        Raises GaveUp with the end of the log of the process that does not come up, StopRequested.
        """
        children = []
        for specs in stages:
            stage = [self._child(spec) for spec in specs]
            self._stages.append(stage)
            children += stage
        for child in children:
            self._tasks.append(asyncio.create_task(self._supervise(child)))
        await self._or_stop(asyncio.gather(*(self._until_ready(child) for child in children)))

    async def once(self, name: str, command: tuple[str, ...]) -> None:
        """Run `command` to its end. Raises GaveUp with its output when it fails, StopRequested."""
        process = await asyncio.create_subprocess_exec(
            *guarded(command),
            env=dict(self._environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = await self._or_stop(asyncio.ensure_future(process.communicate()))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        LogFile(self._var.log / f"{name}.log").write(output)
        if process.returncode:
            raise GaveUp(f"{name} failed:\n{output.decode(errors='replace').strip()}")

    async def serve(self) -> None:
        """Wait until the stop is requested. Raises GaveUp when a process cannot be kept up."""
        self.state.phase = READY
        self._save()
        with suppress(StopRequested):
            await self._or_stop(asyncio.get_running_loop().create_future())

    async def stop(self) -> None:
        """Stop everything, last stage first, within 10 s; a second `request_stop` hurries it."""
        self.stopping.set()
        self.state.phase = STOPPING
        self._save()
        loop = asyncio.get_running_loop()
        end = loop.time() + _STOP_WITHIN_S
        for stage in reversed(self._stages):
            now = loop.time()
            stops = [child.stop(deadline=min(now + child.spec.stop_within, end), hurry=self._hurry) for child in stage]
            await asyncio.gather(*stops)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failure.done():
            self._failure.exception()  # told already, or overtaken by the stop

    def _child(self, spec: Spec) -> Child:
        def show(line: bytes) -> None:
            # What a process says that fails again and again was seen the first time, and stands in its log.
            if not self.stopping.is_set() and not child.failing:
                self._operator.show(spec.name, line)

        loud = (lambda _line: True) if self._verbose else spec.loud
        child = Child(
            spec,
            output=Output(LogFile(self._var.log / f"{spec.name}.log"), loud=loud, show=show),
            environment=self._environment,
            announce=self._operator.announce,
            changed=self._save,
        )
        return child

    async def _until_ready(self, child: Child) -> None:
        try:
            await asyncio.wait_for(child.ready.wait(), child.spec.ready_within)
        except TimeoutError:
            raise self._with_log(child, f"{child.spec.name} is not ready after {child.spec.ready_within:g} s") from None

    async def _or_stop(self, work: asyncio.Future[Any]) -> Any:
        """The result of `work`. Raises StopRequested when the stop comes first, GaveUp when a process fails first."""
        stop = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({work, stop, self._failure}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if work.done():
            return work.result()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        if self._failure.done():
            self._failure.result()
        raise StopRequested

    async def _supervise(self, child: Child) -> None:
        try:
            await child.supervise()
        except Exception as error:  # noqa: BLE001 - told to whoever waits: a task's exception alone would go unseen
            if not self._failure.done():
                self._failure.set_exception(self._with_log(child, str(error)))

    def _with_log(self, child: Child, text: str) -> GaveUp:
        file = child.output.file
        return GaveUp(f"{text}. The end of {file.path}:\n{file.tail() or '(empty)'}")

    def _save(self) -> None:
        running = {child.spec.name: child.running for stage in self._stages for child in stage}
        self.state.processes = {name: process for name, process in running.items() if process is not None}
        # What runs does not stop because a full disk keeps others from reading of it.
        with suppress(ToolError):
            self.state.save(self._var)
