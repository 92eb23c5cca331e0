"""The streams process: what must not hold a thread of the unary servers, on one asyncio loop.

process      starts and stops all of it
rpc          gRPC: WatchEvents and PollEvents, reflection, health
http         HTTP: the same stream as server-sent events (sse) and over a WebSocket (socket), probes, metrics
└ stream         one reader: what is kept, then what comes, without a gap between them
└ keeper           ends streams whose credential or permission ended
└ hub              the watchers of this process, and which event goes to whom
└ tail               reads the feed once for all of them
└ execution      one reader of an execution: what there is, then what is new
└ poller           asks once for all of them whether something is new
└ items                an event in the forms in which it is sent, each made once
"""
