// Publishes as Transak does: with the official server SDK of Pusher Channels, and jsonwebtoken where the
// payload is signed. Usage: node publisher.mjs PORT
//
// Each line on stdin is a command in JSON, answered by a line on stdout, `null` or what went wrong:
//
//   {"publish": [{"channel", "event", "data", "sign": {"key", "algorithm"}?}, …]}
//   {"await": ["channel", …]}    answered once each has a subscriber
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

import jwt from 'jsonwebtoken';
import Pusher from 'pusher';

// How long a subscriber may take, and how often the server is asked.
const PATIENCE = 60_000;
const PACE = 20;

const pusher = new Pusher({
  appId: 'txwatch',
  key: 'txwatch-key',
  secret: 'txwatch-secret',
  host: '127.0.0.1',
  port: process.argv[2],
  useTLS: false,
});

async function publish(events) {
  for (const { channel, event, data, sign } of events) {
    const payload = sign ? jwt.sign(data, sign.key, { algorithm: sign.algorithm }) : data;
    await pusher.trigger(channel, event, payload);
  }
}

async function vacant(wanted) {
  const answer = await pusher.get({ path: '/channels' });
  const { channels } = await answer.json();
  return wanted.filter((name) => !channels[name]);
}

async function occupied(wanted) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const missing = await vacant(wanted);
    if (missing.length === 0) return;
    if (Date.now() > deadline) throw new Error(`nobody subscribes to ${missing}`);
    await setTimeout(PACE);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const done = command.publish ? publish(command.publish) : occupied(command.await);
  const problem = await done.then(() => null, (error) => String(error.body ?? error));
  console.log(JSON.stringify(problem));
}
