import type { RedisClient } from './client.ts'
import { asStorageError, unexpectedReply } from './errors.ts'
import { sendSafely } from './orderly.ts'

/** The server's clock, in milliseconds. */
export function serverTime(client: Pick<RedisClient, 'send'>): Promise<number> {
  return sendSafely(client, ['TIME']).then(decodeTime, (error: unknown) => {
    throw asStorageError(error, 'TIME')
  })
}

/** The reply of `TIME`, in milliseconds. */
export function decodeTime(reply: unknown): number {
  const [seconds, micros] = Array.isArray(reply) ? (reply as unknown[]) : []
  const ms = Math.floor(Number(seconds) * 1_000 + Number(micros) / 1_000)
  if (typeof seconds !== 'string' || Number.isNaN(ms)) throw unexpectedReply('TIME', reply)
  return ms
}
