// The Node.js client of the comparison: the provider's recommended `ws`, or the built-in WebSocket.
// Usage: node node_client.mjs --probe | WS-ADDRESS TOKEN
import { createRequire } from 'node:module';

let Client, name;
try {
  Client = createRequire(import.meta.url)('ws');
  name = 'ws';
} catch {
  Client = globalThis.WebSocket;
  name = 'built-in WebSocket';
}
if (!Client) process.exit(3);

const [address, token] = process.argv.slice(2);
if (address === '--probe') {
  console.log(`Node.js ${process.versions.node}, ${name}`);
} else {
  const socket = new Client(address, { headers: { Authorization: `Bearer ${token}` } });
  socket.onmessage = ({ data }) => {
    const update = JSON.parse(data);
    if (update.event === 'tx.update' && update.status === 'completed') {
      console.log(update.status);
      process.exit(0);
    }
  };
  socket.onerror = () => process.exit(1);
}
