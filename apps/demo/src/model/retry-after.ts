/** How long a server asks to be left alone: seconds, or a date (RFC 9110), or the milliseconds that some say. */
export function retryAfterIn(headers: Headers, now = Date.now()): number | undefined {
  const exact = Number(headers.get('retry-after-ms') ?? Number.NaN)
  if (exact >= 0) return exact
  const said = headers.get('retry-after')
  if (said === null) return undefined
  const ms = /^\s*\d+(\.\d+)?\s*$/.test(said) ? Number(said) * 1_000 : Date.parse(said) - now
  return Number.isFinite(ms) ? Math.max(0, Math.ceil(ms)) : undefined
}
