/** The most a key may take; the draft leaves the limit to the server. */
export const MAX_KEY_BYTES = 255

/** The most that is read of a header: the longest key with every character escaped, its quotes and some parameters. */
const MAX_VALUE_LENGTH = 1_024

/** What an `Idempotency-Key` header holds. */
export type ParsedKey =
  | { readonly status: 'present'; readonly key: string }
  | { readonly status: 'missing' }
  | { readonly status: 'malformed'; readonly reason: string }

/**
 * Reads the value of an `Idempotency-Key` header. The draft makes it a quoted string of Structured Fields (RFC 9651),
 * most clients send it bare: `"k"` and `k` are the same key. `quotedOnly` refuses the bare form. Exactly one value of
 * 1 to 255 visible ASCII characters; everything else is malformed, never guessed at. Two header lines arrive from Node
 * joined by a comma, which a bare key therefore cannot contain.
 */
export function parseIdempotencyKey(
  value: string | readonly string[] | undefined,
  { quotedOnly = false }: { readonly quotedOnly?: boolean | undefined } = {},
): ParsedKey {
  if (value === undefined) return { status: 'missing' }
  if (typeof value !== 'string') {
    return value.length === 1
      ? parseIdempotencyKey(value[0], { quotedOnly })
      : malformed('it was given twice')
  }
  // Before anything reads it: what follows takes time.
  if (value.length > MAX_VALUE_LENGTH) return malformed(`it takes more than ${MAX_VALUE_LENGTH} characters`)
  const text = withoutBlanks(value)
  const quoted = QUOTED.exec(text)
  if (quoted !== null) return checked((quoted[1] ?? '').replace(/\\(["\\])/g, '$1'))
  if (text.includes('"')) return malformed('its quotes do not enclose one value')
  if (text.includes(',')) return malformed('it is a list')
  if (quotedOnly && text !== '') return malformed('it must be a quoted string')
  return checked(text)
}

/** A key that a resolver made of something else than a header: any text within the limit. */
export function checkResolvedKey(key: string | null | undefined): ParsedKey {
  if (key === undefined || key === null) return { status: 'missing' }
  if (typeof key !== 'string' || key === '') return malformed('it is empty')
  return within(key)
}

/** A string of Structured Fields; parameters after it are ignored, as the RFC asks of those that are not known. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"(?:[ ]*;[\x20-\x7e]*)?$/

/** What a regular expression would take quadratic time for. */
function withoutBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charAt(start))) start += 1
  while (end > start && isBlank(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t'
}

function checked(key: string): ParsedKey {
  if (key === '') return malformed('it is empty')
  if (!/^[\x21-\x7e]+$/.test(key)) return malformed('it contains other than visible ASCII characters')
  return within(key)
}

function within(key: string): ParsedKey {
  const bytes = Buffer.byteLength(key)
  return bytes > MAX_KEY_BYTES
    ? malformed(`it takes ${bytes} bytes, ${MAX_KEY_BYTES} are allowed`)
    : { status: 'present', key }
}

function malformed(reason: string): ParsedKey {
  return { status: 'malformed', reason }
}
