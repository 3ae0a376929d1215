/** `npm run redis`: a Redis for trying things out, for a machine that has neither Redis nor Docker. It ends with Ctrl-C. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { numberFrom, readFlags, refuse } from '@holdfast/test-support/command'
import { findRedisServer, startRedis } from '@holdfast/test-support/redis'

const usage = `
npm run redis -- [options]

Starts redis-server or valkey-server: the one on PATH, or else the one of Debian's package, which it fetches into
node_modules/.cache. Its configuration is examples/operations/redis-development.conf, and its data stays in
node_modules/.cache/redis.

  --port N   where it listens, on 127.0.0.1 (default 6379)
`
const flags = readFlags(usage, { port: 'string' })
const port = numberFrom('port', flags.port, { min: 1 }) ?? 6379
const root = resolve(import.meta.dirname, '..')
const dir = join(root, 'node_modules/.cache/redis')
mkdirSync(dir, { recursive: true })

const binary = await findRedisServer()
const configFile = join(dir, 'redis.conf')
const template = readFileSync(join(root, 'examples/operations/redis-development.conf'), 'utf8')
writeFileSync(configFile, template.replace(/^dir .*$/m, `dir "${dir}"`))
const redis = await startRedis({ binary, configFile, dir, port }).catch((error: Error) =>
  /in use/i.test(error.message)
    ? refuse(`Another program listens at port ${port}: use that one if it is a Redis, or give --port.`)
    : Promise.reject(error),
)
console.log(`Redis listens at redis://localhost:${port} until you press Ctrl-C.`)
const cli = join(dirname(binary.path), binary.path.endsWith('valkey-server') ? 'valkey-cli' : 'redis-cli')
const env = Object.entries(binary.env).map(([name, value]) => `${name}='${value}' `)
console.log(`In other terminals: alias redis-cli="${env.join('')}'${cli}' -p ${port}"`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void redis.stop())
// A server that others have started does not keep a process alive.
const alive = setInterval(() => {}, 60_000)
await redis.exited
clearInterval(alive)
