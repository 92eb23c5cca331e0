// Reads `count` events of a workspace as a browser would: `reader.js URL WORKSPACE TOKEN sse|socket|poll COUNT`.
//
// It prints the id of each event, and goes on from the last cursor when a connection ends, as often as it takes.
"use strict";

const [base, workspace, token, kind, wanted] = process.argv.slice(2);
const path = `${base}/v1/workspaces/${workspace}/events`;
const authorization = `Bearer ${token}`;
let left = Number(wanted);
let cursor = "";

function take(event) {
  console.log(event.id);
  left -= 1;
  if (left === 0) process.exit(0);
}

async function sse() {
  const headers = { authorization, accept: "text/event-stream" };
  if (cursor) headers["last-event-id"] = cursor;
  const response = await fetch(`${path}:watch`, { headers });
  if (!response.ok) throw new Error(JSON.stringify(await response.json()));
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + piece).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s)));
      if (fields.id) cursor = fields.id;
      if (fields.data && !fields.event) take(JSON.parse(fields.data));
    }
  }
}

function socket() {
  return new Promise((resolve) => {
    const address = `${path.replace(/^http/, "ws")}:socket?cursor=${cursor}`;
    const open = new WebSocket(address, ["userdata.events.v1", `bearer.${token}`]);
    open.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.cursor) cursor = frame.cursor;
      if (frame.event) take(frame.event);
    };
    open.onclose = resolve;
  });
}

async function poll() {
  const response = await fetch(`${path}:poll?wait=20s&pageSize=2&cursor=${cursor}`, { headers: { authorization } });
  const page = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(page));
  cursor = page.nextCursor;
  page.events.forEach(take);
}

async function main() {
  for (;;) {
    try {
      await { sse, socket, poll }[kind]();
    } catch (error) {
      console.error(String(error));
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

main();
