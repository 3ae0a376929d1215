/** The contract of the HTTP cases through one library: `main.ts express-idempotency`, with `PORT` and `REDIS_URL`. */
import { peerApp } from './app.ts'
import { expressIdempotency } from './express-idempotency.ts'
import { nodeIdempotency } from './node-idempotency.ts'
import type { Peer } from './peer.ts'
import { powertools } from './powertools.ts'

const peers: Readonly<Record<string, Peer>> = {
  'express-idempotency': expressIdempotency,
  'node-idempotency': nodeIdempotency,
  powertools,
}
const name = process.argv[2] ?? ''
const peer = peers[name]
if (peer === undefined) throw new Error(`'${name}' is none of ${Object.keys(peers).join(', ')}`)
const app = await peerApp(peer, process.env['REDIS_URL'] ?? '')
const server = app.listen(Number(process.env['PORT']), '127.0.0.1')
// What a library still writes after the last answer has its time.
process.once('SIGTERM', () => server.close(() => setTimeout(() => process.exit(), 500)))
