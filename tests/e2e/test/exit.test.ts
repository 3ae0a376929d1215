import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:tls'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createHoldfast } from '@holdfast/core'
import { startRedis } from '@holdfast/test-support/redis'
import { RedisCluster, SentinelGroup } from '@holdfast/test-support/servers'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { clients, connect as connectStorage } from '../src/connect.ts'
import type { ExitTask } from '../src/exit-worker.ts'

const server = await startRedis()
afterAll(async () => await server.stop())

const args = (task: ExitTask): string[] => [
  '--conditions=@holdfast/source',
  '--no-warnings',
  join(import.meta.dirname, '../src/exit-worker.ts'),
  JSON.stringify(task),
]

/** The output of a process that ends when nothing keeps it alive; the limit is for one that never ends. */
async function output(task: ExitTask): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args(task), { timeout: 200_000 })
  return stdout
}

const addressesOf = (nodes: readonly { readonly host: string; readonly port: number }[]): string[] =>
  nodes.map(({ host, port }) => `${host}:${port}`)

/** TLS before the server, with a key that both know and no certificate. */
async function tlsAddress(): Promise<string> {
  const terminator = createServer(
    { ciphers: 'PSK-AES256-GCM-SHA384', maxVersion: 'TLSv1.2', pskCallback: () => Buffer.alloc(32, 1) },
    (socket) => {
      const behind = connect(server.port, '127.0.0.1')
      socket.on('error', () => behind.destroy())
      behind.on('error', () => socket.destroy())
      socket.pipe(behind).pipe(socket)
    },
  )
  terminator.listen(0, '127.0.0.1')
  await once(terminator, 'listening')
  onTestFinished(() => void terminator.close())
  const address = terminator.address()
  return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

describe.each(clients)(
  'a process that has closed its %s client, and nothing of ours, ends by itself',
  (client) => {
    const single = [`127.0.0.1:${server.port}`]

    it('over one server', async () => {
      expect(await output({ client, topology: 'single', addresses: single, task: 'all' })).toBe('done\n')
    })

    it('over TLS', async () => {
      const addresses = [await tlsAddress()]
      expect(await output({ client, topology: 'tls', addresses, task: 'all' })).toBe('done\n')
    })

    it.runIf(client === 'redis')('over a pool', async () => {
      expect(await output({ client, topology: 'pool', addresses: single, task: 'all' })).toBe('done\n')
    })

    it('but not while a caller waits, although the client itself does not keep it alive any more', async () => {
      await using holder = await connectStorage(client, server.url)
      await using holdfast = createHoldfast({ storage: holder.storage })
      const held = await holdfast.locks.acquire('held')
      const child = spawn(
        process.execPath,
        args({ client, topology: 'single', addresses: single, task: 'wait' }),
      )
      onTestFinished(() => void child.kill('SIGKILL'))
      let said = ''
      child.stdout.on('data', (data: Buffer) => (said += String(data)))
      const ended = once(child, 'close')
      await expect
        .poll(async () => [child.exitCode, (await holdfast.locks.inspect('held')).waiting], {
          timeout: 200_000,
        })
        .toEqual([null, 1])
      await held.release()
      await ended
      expect(said).toBe('waits\ngot it\n')
    })
  },
)

describe('a process ends by itself, too,', () => {
  it('over sentinels', async () => {
    const group = await SentinelGroup.start()
    onTestFinished(async () => await group.stop())
    const addresses = addressesOf(group.sentinels)
    const tasks = clients.map((client) => output({ client, topology: 'sentinel', addresses, task: 'all' }))
    expect(await Promise.all(tasks)).toEqual(['done\n', 'done\n'])
  })

  it('over a cluster', async () => {
    const cluster = await RedisCluster.start()
    onTestFinished(async () => await cluster.stop())
    const addresses = addressesOf(cluster.seeds)
    const tasks = clients.map((client) => output({ client, topology: 'cluster', addresses, task: 'all' }))
    expect(await Promise.all(tasks)).toEqual(['done\n', 'done\n'])
  })
})
