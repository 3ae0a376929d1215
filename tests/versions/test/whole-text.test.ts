import { LONG_TEXT } from '@holdfast/core/testing'
import { redisStorage } from '@holdfast/redis-protocol'
import { startRedis } from '@holdfast/test-support/redis'
import { expect, it, onTestFinished } from 'vitest'
import { openNodeRedis } from '../src/open-client.ts'

// The kit shows it for every client; it runs over this one in `npm run compat` only.
it('redis 5.0.0, which decodes each piece of a reply by itself, reads text as it was written', async () => {
  await using redis = await startRedis()
  const nodes = [{ host: '127.0.0.1', port: redis.port }]
  const { client, close } = await openNodeRedis('redis5-oldest', { topology: 'single', nodes })
  onTestFinished(close)
  const { values } = redisStorage(client)
  await values.set('text', LONG_TEXT, 60_000, Number.MAX_SAFE_INTEGER)
  const [stored] = await values.getMany(['text'])
  expect(stored?.slice(13) === LONG_TEXT).toBe(true)
  const link = await client.openConnection({ message: () => undefined, lost: () => undefined })
  onTestFinished(() => link.close())
  await link.send(['SET', 'text', LONG_TEXT])
  expect((await link.send(['GET', 'text'])) === LONG_TEXT).toBe(true)
})
