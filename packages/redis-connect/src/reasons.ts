import type { RedisTarget } from './redis-url.ts'

/** What a client says, and where a URL that does not fit to the server is the likely cause: what to look at. */
export function explained(target: RedisTarget, said: string): string {
  if (/\bNOAUTH\b/.test(said)) return noPassword(target) ?? said
  if (/Unknown RESP type|Protocol error, got/.test(said)) return 'what answers there is no Redis'
  const question = target.tls ? aboutTls(said) : aboutClosing(said)
  return question === undefined ? said : `${said.replace(/\.$/, '')}. ${question}`
}

function noPassword({ password, sentinel }: RedisTarget): string | undefined {
  if (password === undefined) return 'it asks for a password, and the URL has none (NOAUTH)'
  if (sentinel === undefined || sentinel.password !== undefined) return undefined
  return 'a sentinel asks for a password, and the URL has no ?sentinel-password= (NOAUTH)'
}

const CLOSED = /ECONNRESET|EPIPE|Socket closed unexpectedly|Connection is closed/

function aboutTls(said: string): string | undefined {
  if (/a new connection within|wrong version number/.test(said))
    return 'Does this port speak TLS? Without it, write redis:// for rediss://.'
  return CLOSED.test(said) ? 'Does this port speak TLS, and does it ask for a certificate?' : undefined
}

function aboutClosing(said: string): string | undefined {
  return CLOSED.test(said) ? 'Is that a Redis, and does this port want TLS (rediss://)?' : undefined
}
