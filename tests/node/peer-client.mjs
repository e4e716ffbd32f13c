// A client of the reference SDK: node peer-client.mjs URL NAME. Reads one request a line and says one answer a line:
// {"call": tool, "arguments": {..}, "stream": bool, "timeout": ms} or {"card": tool}
import { createInterface } from 'node:readline';
import { MCPClient } from '@cloudsignal/mcp-over-mqtt';
import { connect, quiet, say } from './handle.mjs';

const [url, name] = process.argv.slice(2);
const handle = await connect(url, name);
const client = new MCPClient({ clientId: name, client: handle, logger: quiet });
await client.start();
say({ ready: true });
handle.raw.on('connect', () => say({ connected: true }));

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  try {
    if (request.call) {
      const partials = [];
      const options = { timeoutMs: request.timeout ?? 10000 };
      if (request.stream) options.onStream = (partial) => partials.push(partial);
      const result = await client.call(request.call, request.arguments ?? {}, options);
      say({ result, partials });
    } else if (request.card) {
      say({ card: await client.getToolCard(request.card) });
    } else {
      say({ error: 'unknown request' });
    }
  } catch (error) {
    say({ error: error.message });
  }
}
await client.stop();
await handle.disconnect();
process.exit(0);
