/** No server means more. */
const MOST_MS = 86_400_000

const NUMBER = /^\s*\d+(\.\d+)?\s*$/

/** How long a server asks to be left alone: seconds, or a date (RFC 9110), or the milliseconds that some say. */
export function retryAfterIn(headers: Headers, now = Date.now()): number | undefined {
  const exact = headers.get('retry-after-ms') ?? ''
  if (NUMBER.test(exact)) return bounded(Number(exact))
  const said = headers.get('retry-after')
  if (said === null) return undefined
  return bounded(NUMBER.test(said) ? Number(said) * 1_000 : Date.parse(said) - now)
}

function bounded(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, Math.ceil(ms)), MOST_MS)
}
