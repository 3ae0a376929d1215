import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startRedis } from '@holdfast/test-support/redis'
import { afterAll, expect, it } from 'vitest'

const server = await startRedis()
afterAll(async () => await server.stop())

/** What a process says that ends only when nothing keeps it alive any more. */
async function output(script: string): Promise<string> {
  const setUp = `
    import { createHoldfast, createLocks } from '@holdfast/core'
    import { ioredisStorage } from '@holdfast/redis-ioredis'
    import { Redis } from 'ioredis'
    const redis = new Redis(${JSON.stringify(server.url)})`
  const args = ['--conditions=@holdfast/source', '--no-warnings', '--input-type=module', '-e', setUp + script]
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: import.meta.dirname,
    timeout: 200_000,
  })
  return stdout
}

it('a process ends by itself that has closed its locks and its client, and not the storage', async () => {
  const said = await output(`
    const locks = createLocks(ioredisStorage(redis))
    await locks.run('a', async () => {
      console.log(await locks.tryAcquire('a'))
    })
    // Until the subscriber is there, which would keep the process alive.
    while (!String(await redis.client('LIST', 'TYPE', 'pubsub')).includes('sub=1'));
    await locks.close()
    await redis.quit()`)
  expect(said).toBe('null\n')
})

/** Opens a link for near copies on a client `other` of that library. */
const withLink = (library: string): string => `
    const { Redis: Other } = await import(${JSON.stringify(library)})
    const other = new Other(${JSON.stringify(server.url)})
    const { invalidations } = ioredisStorage(other).values
    await new Promise((up) => {
      const nothing = () => {}
      const listener = { up, proven: nothing, invalidated: nothing, everything: nothing, down: nothing }
      invalidations.follow('app:', { maxStaleMs: 1_000 }, { ...listener, ignored: nothing, refused: nothing })
    })
    console.log('up')`

it.each(['ioredis', 'ioredis5'])('so does one on %s with a link for near copies', async (library) => {
  expect(await output(`${withLink(library)}; await Promise.all([redis.quit(), other.quit()])`)).toBe('up\n')
})

it.each(['ioredis', 'ioredis5'])(
  'so does one whose %s client is open, and keeps nothing alive',
  async (library) => {
    // The link is open, too.
    expect(await output(`${withLink(library)}; other.stream.unref(); await redis.quit()`)).toBe('up\n')
  },
)

it('so does one that has closed all of it', async () => {
  const said = await output(`
    const holdfast = createHoldfast({ storage: ioredisStorage(redis) })
    console.log(await holdfast.locks.run('a', async () => 'done'))
    await holdfast.close()
    await redis.quit()`)
  expect(said).toBe('done\n')
})
