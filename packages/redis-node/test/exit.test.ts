import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startRedis } from '@holdfast/test-support/redis'
import { afterAll, expect, it } from 'vitest'

const server = await startRedis()
afterAll(async () => await server.stop())

it.each(
  ['redis', 'redis5'].flatMap((library) => [
    { library, end: 'await client.close()', what: 'has closed its client, and not the storage' },
    { library, end: 'client.unref()', what: 'has an open client that keeps nothing alive' },
  ]),
)(
  'a process on $library ends by itself that $what, with a link for near copies',
  async ({ library, end }) => {
    const script = `
      import { nodeRedisStorage } from '@holdfast/redis-node'
      import { createClient } from ${JSON.stringify(library)}
      const client = createClient({ url: ${JSON.stringify(server.url)} })
      client.on('error', console.error)
      await client.connect()
      const { invalidations } = nodeRedisStorage(client).values
      await new Promise((up) => {
        const nothing = () => {}
        const listener = { up, proven: nothing, invalidated: nothing, everything: nothing, down: nothing }
        invalidations.follow('app:', { maxStaleMs: 1_000 }, { ...listener, ignored: nothing, refused: nothing })
      })
      console.log('up')
      ${end}`
    const args = ['--conditions=@holdfast/source', '--no-warnings', '--input-type=module', '-e', script]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: import.meta.dirname,
      timeout: 200_000,
    })
    expect(stdout).toBe('up\n')
  },
)
