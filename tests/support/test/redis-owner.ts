// A process that starts a Redis, prints its pid, and then ends in the way that its argument names.
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from './resp.ts'

const redis = await startRedis()
const dir = (await ask(redis, 'CONFIG GET dir')).split('\r\n')[4]
process.stdout.write(`${JSON.stringify({ pid: redis.pid, dir })}\n`)

const end = process.argv[2]
if (end === 'throw') throw new Error('as asked')
if (end === 'process.exit') process.exit(1)
if (end?.startsWith('SIG')) setInterval(() => {}, 60_000) // wait for the signal
