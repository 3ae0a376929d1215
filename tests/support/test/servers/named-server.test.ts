import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { findNamedServer, ServerUnavailableError } from '@holdfast/test-support/servers'
import { expect, it } from 'vitest'

it('starts the requested version, or says why it is not available', async () => {
  try {
    await using redis = await startRedis({ binary: await findNamedServer('redis-7') })
    expect(String(await ask(redis, 'INFO', 'server'))).toMatch(/redis_version:7\./)
  } catch (error) {
    expect(error).toBeInstanceOf(ServerUnavailableError)
    console.warn(String(error))
  }
})

it('says so when no Debian suite has a version', async () => {
  await expect(findNamedServer('redis-6.2')).rejects.toThrow('no Debian suite has redis-6.2')
})
