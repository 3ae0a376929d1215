/** `main.ts memory|ioredis5|ioredis6|redis5|redis6`, with `REDIS_URL` and `PORT`. */
import { ticketOffice } from './app.ts'
import { type StorageName, storages } from './storages.ts'

const name = (process.argv[2] ?? 'memory') as StorageName
const storage = await storages[name]()
const prefix = process.env['PREFIX'] ?? 'tickets'
const app = await ticketOffice({ storage, prefix })
const url = await app.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 0) })
console.log(`listening ${url}`)

process.once('SIGTERM', async () => {
  await app.close()
  // The client is ours, and Holdfast has left it open.
  process.exit()
})
