// Runs on every Node, inside a stage: what a user who has just installed the packages would try first.
import assert from 'node:assert/strict'

/** Every entry, by its name, however it was loaded. */
export type Modules = Readonly<Record<string, Readonly<Record<string, never>>>>

interface Opened {
  readonly name: string
  readonly storage: unknown
  readonly close: () => void
}

export async function smoke(modules: Modules, port: number): Promise<string> {
  for (const [entry, exported] of Object.entries(modules))
    assert.ok(Object.keys(exported).length > 0, `${entry} is empty`)
  const names: string[] = []
  for (const open of [openMemory, openIoredis, openNodeRedis]) {
    const { name, storage, close } = await open(modules, port)
    try {
      await useOnce(modules, storage)
      names.push(name)
    } finally {
      close()
    }
  }
  return `${names.join(', ')}: ${Object.keys(modules).length} entries`
}

async function useOnce(modules: Modules, storage: unknown): Promise<void> {
  const { createHoldfast } = modules['@holdfast/core'] as Record<string, (...args: unknown[]) => never>
  const holdfast = createHoldfast?.({ storage, prefix: 'smoke' }) as never as Holdfast
  const key = `${process.pid}-${Math.random()}`
  const run = async (): Promise<{ status: string; result: number }> =>
    await holdfast.idempotency.run('smoke', key, async () => 42)
  assert.deepEqual(pick(await run()), { status: 'executed', result: 42 })
  assert.deepEqual(pick(await run()), { status: 'replayed', result: 42 })
  const lease = await holdfast.locks.acquire(key)
  assert.equal(await holdfast.locks.tryAcquire(key), null)
  assert.equal(await lease.release(), 'released')
  await holdfast.close()
}

interface Holdfast {
  readonly idempotency: {
    run(type: string, key: string, body: () => Promise<number>): Promise<{ status: string; result: number }>
  }
  readonly locks: {
    acquire(name: string): Promise<{ release(): Promise<string> }>
    tryAcquire(name: string): Promise<unknown>
  }
  close(): Promise<void>
}

function pick({ status, result }: { status: string; result: number }): object {
  return { status, result }
}

async function openMemory(modules: Modules): Promise<Opened> {
  const { memoryStorage } = modules['@holdfast/core'] as Record<string, () => never>
  return { name: 'memory', storage: memoryStorage?.(), close: () => {} }
}

async function openIoredis(modules: Modules, port: number): Promise<Opened> {
  const { Redis } = await import('ioredis')
  const { ioredisStorage } = modules['@holdfast/redis-ioredis'] as Record<string, (client: unknown) => never>
  const client = new Redis(port, '127.0.0.1')
  return { name: 'ioredis', storage: ioredisStorage?.(client), close: () => client.disconnect() }
}

async function openNodeRedis(modules: Modules, port: number): Promise<Opened> {
  const { createClient } = await import('redis')
  const { nodeRedisStorage } = modules['@holdfast/redis-node'] as Record<string, (client: unknown) => never>
  const client = createClient({ socket: { host: '127.0.0.1', port } })
  client.on('error', () => {})
  await client.connect()
  return { name: 'redis', storage: nodeRedisStorage?.(client), close: () => client.destroy() }
}
