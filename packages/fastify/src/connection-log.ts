import type { Holdfast } from '@holdfast/core'
import type { FastifyBaseLogger } from 'fastify'

/** Logs each change of the storage's connection; returns the function that ends it. */
export function logConnection({ connection }: Holdfast, log: FastifyBaseLogger): () => void {
  let lostAt: number | undefined = connection.state === 'ready' ? undefined : performance.now()
  if (lostAt !== undefined) log.warn({ holdfast: 'reconnecting' }, 'holdfast: waiting for the storage')
  return connection.onChange((state) => {
    if (state === 'ready') {
      const downMs = lostAt === undefined ? 0 : Math.round(performance.now() - lostAt)
      lostAt = undefined
      log.info({ holdfast: 'ready', downMs }, 'holdfast: connected to the storage')
    } else if (lostAt === undefined) {
      lostAt = performance.now()
      log.warn({ holdfast: 'lost' }, 'holdfast: lost the storage')
      log.warn({ holdfast: 'reconnecting' }, 'holdfast: waiting for the storage')
    }
  })
}
