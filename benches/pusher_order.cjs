// The script of Transak's documentation for one order (https://docs.transak.com/features/websockets), with
// the address of the server, and an end. Usage: node pusher_order.cjs --probe | PORT KEY ORDER-ID
const Pusher = require('pusher-js');

const [port, key, orderId] = process.argv.slice(2);
if (port === '--probe') {
  const { version } = require('pusher-js/package.json');
  console.log(`Node.js ${process.versions.node}, pusher-js ${version}`);
  process.exit();
}
const local = { wsHost: '127.0.0.1', wsPort: port, forceTLS: false, enabledTransports: ['ws'] };
const pusher = new Pusher(key, { cluster: 'ap2', ...local });
const orderChannel = pusher.subscribe(orderId);
orderChannel.bind('ORDER_COMPLETED', (data) => {
  console.log(`${orderId} ORDER_COMPLETED:`, data);
  process.exit();
});
