"""One supervised process: spawned, probed until it serves, started again when it dies, stopped within a bound."""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from udb.conf import ROOT
from udb.supervisor import proc
from udb.supervisor.logs import Output
from udb.supervisor.spec import READY, Spec, serves
from udb.supervisor.state import Running

_FIRST_DELAY_S: Final = 0.2
_LONGEST_DELAY_S: Final = 5.0
#: A process that served this long has recovered: its next crash starts with the short delay again.
_RECOVERED_S: Final = 30.0
_HOPELESS: Final = 5
_PROBE_EVERY_S: Final = 0.05
#: A process without a probe that logs nothing counts as ready when it has stayed up for this long.
_SETTLED_S: Final = 5.0
_LAST_WORDS_S: Final = 0.5
_KILL_WITHIN_S: Final = 1.0


class GaveUp(Exception):
    """A process cannot be brought up. The text says why."""


class _Protocol(asyncio.SubprocessProtocol):
    def __init__(self, output: Output) -> None:
        self._output = output
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's signature
        self._output.feed(data)

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.closed.done():
            self.closed.set_result(None)


class Child:
    """A process under supervision. `announce` takes sentences for the operator, `changed` is called at every change."""

    def __init__(
        self,
        spec: Spec,
        *,
        output: Output,
        environment: Mapping[str, str],
        announce: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.spec = spec
        self.output = output
        self._environment = {**environment, **spec.environment}
        self._announce, self._changed = announce, changed
        self.running: Running | None = None
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._starting = asyncio.Lock()
        self._gone = asyncio.Event()
        self._gone.set()
        self._ready_since = 0.0
        self._starts = 0
        self._crashes = 0
        self._delay = _FIRST_DELAY_S
        self._ever_ready = False

    @property
    def failing(self) -> bool:
        """Whether its last life ended before it was ready."""
        return self._crashes > 0

    async def supervise(self) -> None:
        """Keep the process running until `stop`. Raises GaveUp when it never comes up."""
        while not self._stopping.is_set():
            reason = await self._live()
            if self._stopping.is_set():
                return
            if self._crashes >= _HOPELESS and not self._ever_ready:
                raise GaveUp(f"{self.spec.name} failed {_HOPELESS} times without ever being ready: it {reason}")
            self._announce(f"{self.spec.name} {reason}; starting it again in {self._delay:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._delay)
            self._delay = min(self._delay * 2, _LONGEST_DELAY_S)

    async def _live(self) -> str:
        """One life of the process, from start to end. Gives how it ended."""
        async with self._starting:
            if self._stopping.is_set():
                return ""
            try:
                await asyncio.to_thread(self.spec.before)
                transport, protocol = await self._spawn()
            except Exception as error:  # noqa: BLE001 - whatever it is, it counts as one more crash
                self._crashes += 1
                return f"cannot start ({error})"
        probing = asyncio.create_task(self._probe(time.monotonic()))
        await protocol.exited
        probing.cancel()
        proc.sweep(transport.get_pid())
        # The last words of a process are still in its pipe, which a program that left the session may hold open.
        with suppress(TimeoutError):
            await asyncio.wait_for(protocol.closed, _LAST_WORDS_S)
        transport.close()
        self._count_end()
        code = transport.get_returncode() or 0
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"

    async def _spawn(self) -> tuple[asyncio.SubprocessTransport, _Protocol]:
        transport, protocol = await asyncio.get_running_loop().subprocess_exec(
            lambda: _Protocol(self.output),
            *self.spec.argv(),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
        )
        pid = transport.get_pid()
        self._gone.clear()
        self.running = Running(pid, proc.started(pid), int(self.spec.stop_signal), self._starts)
        self._starts += 1
        self._changed()
        return transport, protocol

    async def _probe(self, began: float) -> None:
        """Ask until the process serves, then note it."""
        if self.spec.probe is None:
            await self._hear()
        else:
            while not await asyncio.to_thread(serves, self.spec.probe):  # noqa: ASYNC110 - nobody could set an event
                await asyncio.sleep(_PROBE_EVERY_S)
        if self.running is None:
            return
        self.running = replace(self.running, ready=True)
        self._ready_since = time.monotonic()
        if self._ever_ready:
            self._announce(f"{self.spec.name} is back after {self._ready_since - began:.1f} s")
        self._ever_ready = True
        self._crashes = 0
        self.ready.set()
        self._changed()

    async def _hear(self) -> None:
        """Wait until the process logs that it is ready. It may not: LOG_LEVEL decides what it logs."""
        heard = asyncio.Event()
        self.output.listener = lambda line: heard.set() if READY in line else None
        try:
            await asyncio.wait_for(heard.wait(), _SETTLED_S)
        except TimeoutError:
            pass  # it has stayed up: being ended would have cancelled this
        finally:
            self.output.listener = None

    def _count_end(self) -> None:
        was_ready = self.ready.is_set()
        if was_ready and time.monotonic() - self._ready_since > _RECOVERED_S:
            self._delay = _FIRST_DELAY_S
        if not was_ready:
            self._crashes += 1
        self.ready.clear()
        self.running = None
        self._gone.set()
        self._changed()

    async def stop(self, *, deadline: float, hurry: asyncio.Event) -> None:
        """End the process by `deadline` (loop time), at once when `hurry` is set, and everything it started."""
        self._stopping.set()
        async with self._starting:
            if self.running is None:
                return
        pid = self.running.pid
        if not hurry.is_set():
            await _bounded(asyncio.to_thread(self.spec.drain), deadline, hurry)
            proc.send(pid, self.spec.stop_signal)
            await _bounded(self._gone.wait(), deadline, hurry)
        for number in (self.spec.hurry_signal, signal.SIGKILL):
            if self._gone.is_set():
                return
            if not hurry.is_set():
                self._announce(f"{self.spec.name} did not stop in time: {number.name}")
            proc.send(pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._gone.wait(), _KILL_WITHIN_S)


async def _bounded(work: Coroutine[Any, Any, object], deadline: float, hurry: asyncio.Event) -> None:
    """Wait for `work`, but not past `deadline` nor once `hurry` is set. Its failure does not matter to a stop."""
    loop = asyncio.get_running_loop()
    tasks = {loop.create_task(work), loop.create_task(hurry.wait())}
    done, pending = await asyncio.wait(
        tasks, timeout=max(0.0, deadline - loop.time()), return_when=asyncio.FIRST_COMPLETED
    )
    for task in pending:
        task.cancel()
    await asyncio.gather(*done, *pending, return_exceptions=True)
