// A server of the reference SDK: node peer-server.mjs URL NAME. Says {"ready":true}, then one line for each call it runs.
import { MCPServer } from '@cloudsignal/mcp-over-mqtt';
import { connect, quiet, say } from './handle.mjs';

const [url, name] = process.argv.slice(2);
const client = await connect(url, name);
const number = { type: 'number' };
const tools = [];
tools.push({
  name: 'add',
  description: 'Adds two numbers.',
  input_schema: { type: 'object', properties: { a: number, b: number }, required: ['a', 'b'] },
  handler: async ({ a, b }, { call_id }) => {
    say({ ran: call_id });
    return { sum: a + b };
  },
});
tools.push({
  name: 'count',
  description: 'Counts to n.',
  input_schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  supports_streaming: true,
  handler: async ({ n }, { stream }) => {
    for (let i = 1; i <= n; i += 1) await stream({ i });
    await stream('counted');
    return { n };
  },
});
tools.push({
  name: 'fail',
  description: 'Always fails.',
  input_schema: { type: 'object' },
  handler: async () => {
    throw new Error('this tool always fails');
  },
});

const server = new MCPServer({ name, client, tools, logger: quiet });
await server.start();
say({ ready: true });
client.raw.on('connect', () => say({ connected: true }));
process.stdin.resume();
process.stdin.on('end', async () => {
  await server.stop();
  await client.disconnect();
  process.exit(0);
});
