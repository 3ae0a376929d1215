import { InvalidArgumentError } from '@holdfast/core'
import { type ParsedKey, checkResolvedKey, parseIdempotencyKey } from './idempotency-key.ts'
import type { ResolvedHttpOptions } from './options.ts'
import { type HttpRequestFacts, fingerprintWithoutUnread, standardFingerprint } from './request.ts'

/** The key that the client sent, or that the app makes of the request. */
export async function parsedKey<Request>(
  request: Request,
  { headers }: HttpRequestFacts,
  { key, header, quotedOnly }: ResolvedHttpOptions<Request>,
): Promise<ParsedKey> {
  return key === undefined
    ? parseIdempotencyKey(headers[header], { quotedOnly })
    : checkResolvedKey(await key(request))
}

/** Null is the space of all callers; a resolver can only name one. */
export async function scopeOf<Request>(
  request: Request,
  { scope }: ResolvedHttpOptions<Request>,
): Promise<string | null> {
  if (scope === 'global') return null
  const value: unknown = await scope(request)
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidArgumentError(
    `scope returned ${String(value)}: it must return a string that names the caller, or callers would share their answers.`,
  )
}

/** What the request has in common with its repetitions; undefined when nothing is compared. */
export async function fingerprintFor<Request>(
  request: Request,
  facts: HttpRequestFacts,
  { fingerprint }: ResolvedHttpOptions<Request>,
): Promise<unknown> {
  if (fingerprint === false) return undefined
  if (fingerprint === undefined) return standardFingerprint(facts)
  // Nothing is something to compare, too: an absent header must not let every payload through.
  return (await fingerprint(request, fingerprintWithoutUnread(facts))) ?? null
}
