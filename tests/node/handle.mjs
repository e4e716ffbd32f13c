// What the reference SDK wants of a client, over the package `mqtt`.
import mqtt from 'mqtt';

export async function connect(url, clientId, will) {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    clientId,
    clean: true,
    reconnectPeriod: 200,
    will,
  });
  // The socket is made anew with each connection.
  const noDelay = () => client.stream?.setNoDelay?.(true);
  noDelay();
  client.on('connect', noDelay);

  const callbacks = new Map();
  client.on('message', (topic, payload, packet) => {
    for (const [filter, callback] of callbacks) {
      if (matches(plain(filter), topic)) callback(topic, payload, packet);
    }
  });
  return {
    raw: client,
    transmit: (topic, payload, options = {}) => {
      const properties = options.properties && {
        ...options.properties,
        correlationData: options.properties.correlationData && Buffer.from(options.properties.correlationData),
      };
      return client.publishAsync(topic, payload, { ...options, properties });
    },
    subscribe: async (filter, { qos = 0, callback } = {}) => {
      if (callback) callbacks.set(filter, callback);
      await client.subscribeAsync(filter, { qos });
    },
    unsubscribe: async (filter) => {
      callbacks.delete(filter);
      await client.unsubscribeAsync(filter);
    },
    disconnect: () => client.endAsync(),
    isConnected: () => client.connected,
  };
}

const plain = (filter) => (filter.startsWith('$share/') ? filter.split('/').slice(2).join('/') : filter);

function matches(filter, topic) {
  const [levels, names] = [filter.split('/'), topic.split('/')];
  for (const [index, level] of levels.entries()) {
    if (level === '#') return true;
    if (index >= names.length || (level !== '+' && level !== names[index])) return false;
  }
  return levels.length === names.length;
}

export function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

// The SDK's own log would mix with what is said.
export const quiet = { info() {}, warn() {}, error() {} };
