// An MCP host for the tests of the bridge: a client of the official SDKs for TypeScript.
//
//   node mcp-host.mjs sdk1|default|auto|pinned COMMAND ARGUMENT..
//   node mcp-host.mjs sdk1|default|auto|pinned http://127.0.0.1:8080/mcp [TOKEN]
//   node mcp-host.mjs tasks http://127.0.0.1:8080/mcp
//
// `tasks` is `pinned` with the official package for the extension of tasks. Its calls also say {"asked": "message"} for each
// question, whose answer is always `rye`, and {"status", "message"} for each change of a task.
//
// One line of JSON for each thing it is asked and says:
//
//   {"list": true}                                  {"tools": [..]}
//   {"call": "name", "arguments": {..}}             {"step": {"progress", "message"}} for each step, then
//                                                   {"result": {..}} or {"error": {"code", "message"}}
//   {"begin": "name", "arguments": {..}}            {"begun": true}; the call goes on
//   {"cancel": true}                                {"canceled": true}
//   {"changed": true}                               {"changed": true}, when the list has changed since it was last asked

import { createInterface } from 'node:readline';

const [mode, target, ...rest] = process.argv.slice(2);
const http = target.startsWith('http://');
const info = { name: 'mqtt-agent-tests', version: '1.0.0' };

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

let changes = 0;
let changed = () => {};
const onChange = () => {
  changes += 1;
  changed();
};

async function connected() {
  const request = rest[0] ? { requestInit: { headers: { Authorization: `Bearer ${rest[0]}` } } } : {};
  const stdio = { command: target, args: rest, stderr: 'inherit', env: process.env };
  if (mode === 'sdk1') {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
    const { ToolListChangedNotificationSchema } = await import('@modelcontextprotocol/sdk/types.js');
    const client = new Client(info);
    client.setNotificationHandler(ToolListChangedNotificationSchema, onChange);
    await client.connect(
      http ? new StreamableHTTPClientTransport(new URL(target), request) : new StdioClientTransport(stdio),
    );
    const call = (params, options) => client.callTool(params, undefined, options);
    return { client, call };
  }
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const pin = { pin: '2026-07-28' };
  const negotiation = { auto: 'auto', pinned: pin, tasks: pin }[mode];
  const options = { listChanged: { tools: { onChanged: onChange, autoRefresh: false, debounceMs: 0 } } };
  const client = new Client(info, negotiation ? { ...options, versionNegotiation: { mode: negotiation } } : options);
  await client.connect(
    http ? new StreamableHTTPClientTransport(new URL(target), request) : new StdioClientTransport(stdio),
  );
  if (mode === 'tasks') {
    return { client, call: await callsWithTasks(client) };
  }
  return { client, call: (params, options) => client.callTool(params, options) };
}

// Sends a request as it is, for the SDK's client refuses results that are tasks.
let requests = 0;
async function send(request, { signal } = {}) {
  const { method, params } = request;
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': method,
    'Mcp-Name': params.name ?? params.taskId,
  };
  requests += 1;
  const body = JSON.stringify({ jsonrpc: '2.0', id: `raw-${requests}`, method, params });
  const response = await fetch(target, { method: 'POST', headers, body, signal });
  const text = await response.text();
  const events = text.split('\n').filter((line) => line.startsWith('data:') && line.length > 6);
  const messages = text.startsWith('{') ? [text] : events.map((line) => line.slice(5));
  const { error, result } = messages.map((message) => JSON.parse(message)).find((message) => message.id);
  return error ? { kind: 'error', error } : { kind: 'result', result };
}

async function callsWithTasks(client) {
  const { createTaskSessionFromClient, resultFromTaskOutcome } = await import('@modelcontextprotocol/ext-tasks/client');
  const session = createTaskSessionFromClient(client, {
    endpointId: target,
    rawDispatch: send,
    v2RequestFraming: {
      protocolVersion: '2026-07-28',
      clientInfo: info,
      clientCapabilities: { elicitation: {} },
    },
    onInputRequest: (request) => {
      say({ asked: request.params.message });
      return { action: 'accept', content: { answer: 'rye' } };
    },
  });
  return async (params, { signal } = {}) => {
    const execution = await session.callTool(params.name, params.arguments);
    signal?.addEventListener('abort', () => execution.cancel());
    const onEvent = ({ task }) => task && say({ status: task.status, message: task.statusMessage });
    const { outcome } = await execution.settle({ onEvent });
    return resultFromTaskOutcome(outcome);
  };
}

const { client, call } = await connected();
let running;

async function answer(asked) {
  if (asked.list) {
    const { tools } = await client.listTools();
    return { tools };
  }
  if (asked.call) {
    const onprogress = ({ progress, message }) => say({ step: { progress, message } });
    try {
      const result = await call({ name: asked.call, arguments: asked.arguments }, { onprogress });
      return { result };
    } catch (error) {
      return { error: { code: error.code, message: String(error.message) } };
    }
  }
  if (asked.begin) {
    running = new AbortController();
    call({ name: asked.begin, arguments: asked.arguments }, { signal: running.signal }).catch(() => {});
    return { begun: true };
  }
  if (asked.cancel) {
    running.abort('enough');
    return { canceled: true };
  }
  if (asked.changed) {
    while (changes === 0) {
      await new Promise((resolve) => {
        changed = resolve;
      });
    }
    changes = 0;
    return { changed: true };
  }
  return { error: { message: 'not understood' } };
}

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)));
}
await client.close();
process.exit(0);
