// Reads CloudEvents with the npm package cloudevents, which validates them by the official JSON schema: one request a
// line in, the event or null a line out.
"use strict";

const readline = require("node:readline");
const { HTTP } = require("cloudevents");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { headers, body } = JSON.parse(line);
  let event = null;
  try {
    event = HTTP.toEvent({ headers, body });
    event.validate();
  } catch {
    event = null;
  }
  console.log(JSON.stringify(event));
});
