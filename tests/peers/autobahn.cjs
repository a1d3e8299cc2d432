// The package ws as an echo client of Autobahn's fuzzing server, to compare with.
// Usage: node autobahn.cjs ADDRESS

const WebSocket = require('ws');
const { version } = require('ws/package.json');

const address = process.argv[2];

/** Opens a connection, and waits until it is closed. */
function visit(path, heard) {
  return new Promise((closed) => {
    const url = new URL(path, address);
    url.searchParams.set('agent', `ws/${version}`);
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('message', (data, binary) => heard(socket, data, binary));
    // What it refuses is told by its close code.
    socket.on('error', () => {});
    socket.on('close', closed);
  });
}

async function main() {
  let cases = 0;
  await visit('getCaseCount', (_, count) => { cases = Number(count); });
  const echo = (socket, data, binary) => socket.send(data, { binary });
  for (let number = 1; number <= cases; number += 1) await visit(`runCase?case=${number}`, echo);
  await visit('updateReports', () => {});
}

main();
