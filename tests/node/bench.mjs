// The reference SDK in the bench `peers`: node bench.mjs server|client URL. Reads one order a line:
// {"work": "calls", "callers": 16, "bytes": 200, "warm_up_ms": 200, "ms": 1000}
import { createInterface } from 'node:readline';
import { MCPClient, MCPServer } from '@cloudsignal/mcp-over-mqtt';
import { connect, quiet, say } from './handle.mjs';

const [side, url] = process.argv.slice(2);
const namespace = 'bench/reference';
const name = `bench-reference-${side}`;
const handle = await connect(url, name);

async function serve() {
  const text = { type: 'string' };
  const echo = {
    name: 'echo',
    description: 'Gives back what it gets.',
    input_schema: { type: 'object', properties: { text }, required: ['text'] },
    handler: async ({ text }) => text,
  };
  const server = new MCPServer({ name, namespace, client: handle, tools: [echo], logger: quiet });
  await server.start();
  say('ready');
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

async function calls(client, order) {
  const text = 'x'.repeat(order.bytes);
  const begin = performance.now() + order.warm_up_ms;
  const end = begin + order.ms;
  setTimeout(() => say({ begin: {} }), order.warm_up_ms);
  const ended = new Promise((resolve) => {
    setTimeout(() => {
      say({ end: {} });
      resolve();
    }, order.warm_up_ms + order.ms);
  });
  const times = [];
  const outcome = { failed: 0, error: null };
  const caller = async () => {
    let failed = 0;
    for (let began = performance.now(); began < end && failed < 3; ) {
      let error;
      try {
        const answer = await client.call('echo', { text }, { timeoutMs: 10000 });
        if (answer.length !== text.length) error = `${answer.length} bytes`;
      } catch (thrown) {
        error = thrown.message;
      }
      const now = performance.now();
      if (error) {
        failed += 1;
        outcome.failed += 1;
        outcome.error ??= error;
      } else if (now >= begin && now < end) {
        times.push(now - began);
      }
      began = now;
    }
  };
  await Promise.all(Array.from({ length: order.callers }, caller));
  await ended;
  times.sort((a, b) => a - b);
  const percentile = (percent) => (times[Math.floor(((times.length - 1) * percent) / 100)] ?? 0) * 1000;
  say({ done: { ...outcome, calls: times.length, p50_us: percentile(50), p99_us: percentile(99) } });
}

async function call() {
  const client = new MCPClient({ clientId: name, namespace, client: handle, logger: quiet });
  await client.start();
  say('ready');
  for await (const line of createInterface({ input: process.stdin })) await calls(client, JSON.parse(line));
  process.exit(0);
}

await (side === 'server' ? serve() : call());
