// A gRPC client in another language, from the same protos: register, verify, sign in, create a workspace, list.
//
//   node client.js TARGET EMAIL PROTOS...
//
// TARGET is host:port; PROTOS are the folders that imports start from. When the mail has to be read, a line `mail` goes
// out and the token is expected as a line in. At the end, what was seen goes out as one line of JSON.

"use strict";

const readline = require("node:readline/promises");
const { promisify } = require("node:util");

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const PASSWORD = "correct horse battery staple";
const FILES = ["accounts/v1/account_service", "accounts/v1/session_service", "workspaces/v1/workspace_service"];

const [target, email, ...includeDirs] = process.argv.slice(2);
const definition = loader.loadSync(
  FILES.map((name) => `userdata/${name}.proto`),
  { includeDirs, keepCase: false, enums: String, longs: String, defaults: true },
);
const { accounts, workspaces } = grpc.loadPackageDefinition(definition).userdata;

const connect = (Service) => new Service(target, grpc.credentials.createInsecure());
const account = connect(accounts.v1.AccountService);
const session = connect(accounts.v1.SessionService);
const workspace = connect(workspaces.v1.WorkspaceService);

function call(client, method, request, token) {
  const metadata = new grpc.Metadata();
  if (token) metadata.set("authorization", `Bearer ${token}`);
  return promisify(client[method]).call(client, request, metadata, { deadline: Date.now() + 20_000 });
}

async function refusal(attempt) {
  try {
    await attempt;
  } catch (error) {
    return { code: error.code, details: error.details, hasDetails: error.metadata.get("grpc-status-details-bin").length === 1 };
  }
  throw new Error("the call was to be refused");
}

async function main() {
  await call(account, "register", { email, password: PASSWORD, displayName: "Ada Lovelace" });
  console.log("mail");
  const lines = readline.createInterface({ input: process.stdin });
  const { value: token } = await lines[Symbol.asyncIterator]().next();
  lines.close();
  const { user } = await call(account, "verifyEmail", { token });
  const login = await call(session, "login", { email, password: PASSWORD });
  const created = await call(workspace, "createWorkspace", { workspace: { name: "Acme Engines" } }, login.accessToken);
  const list = await call(workspace, "listWorkspaces", {}, login.accessToken);
  const withoutToken = await refusal(call(workspace, "listWorkspaces", {}));
  console.log(JSON.stringify({ user, created, listed: list.workspaces, withoutToken }));
  [account, session, workspace].forEach((client) => client.close());
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
