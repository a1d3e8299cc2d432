// The script of Transak's documentation for all orders (https://docs.transak.com/features/websockets), with
// the address of the server, and JSON for its output. The access token is in the environment.
// Usage: node pusher_all.cjs --probe | PORT KEY API-KEY [once]
//
// The documentation hands the token over as text. At each message jsonwebtoken then tries first whether it is
// a public key, which takes most of its time; with `once` it gets a key that was made before.
const { createSecretKey } = require('node:crypto');

const Pusher = require('pusher-js');
const jwt = require('jsonwebtoken');

const [port, key, apiKey, once] = process.argv.slice(2);
if (port === '--probe') {
  const { version } = require('jsonwebtoken/package.json');
  console.log(`jsonwebtoken ${version}`);
  process.exit();
}
const token = process.env.TXWATCH_TRANSAK_TOKEN;
const accessToken = once ? createSecretKey(Buffer.from(token)) : token;
const local = { wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'] };
const pusher = new Pusher(key, { cluster: 'ap2', ...local });
const allOrdersChannel = pusher.subscribe(apiKey);
allOrdersChannel.bind_global((eventId, encryptedData) => {
  if (eventId !== 'pusher:subscription_succeeded') {
    try {
      const decoded = jwt.verify(encryptedData, accessToken, { algorithms: ['HS256'] });
      console.log(JSON.stringify({ type: 'status', event: eventId, data: decoded }));
    } catch (err) {
      console.warn('Failed to decode JWT:', err);
    }
  }
});
