import { unexpectedReply } from './errors.ts'

/** The reply of `TIME`, in milliseconds. */
export function decodeTime(reply: unknown): number {
  const [seconds, micros] = Array.isArray(reply) ? (reply as unknown[]) : []
  const ms = Math.floor(Number(seconds) * 1_000 + Number(micros) / 1_000)
  if (typeof seconds !== 'string' || Number.isNaN(ms)) throw unexpectedReply('TIME', reply)
  return ms
}
