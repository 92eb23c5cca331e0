// Judges signatures with the npm package standardwebhooks: one delivery a line in, true or false a line out.
"use strict";

const readline = require("node:readline");
const { Webhook } = require("standardwebhooks");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { secret, payload, headers } = JSON.parse(line);
  let holds = true;
  try {
    new Webhook(secret).verify(payload, headers);
  } catch {
    holds = false;
  }
  console.log(JSON.stringify(holds));
});
