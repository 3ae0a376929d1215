import { ifComplete, INCOMPLETE, lineEnd } from './incomplete.ts'

export type RespValue = string | number | bigint | boolean | null | RespError | readonly RespValue[]

/** An error reply, as a value: a reply may contain errors beside results. */
export class RespError extends Error {
  override readonly name = 'RespError'
}

export interface RespReply {
  readonly value: RespValue
  /** The type of RESP: `>` is a push of RESP3, `*` an array, and so on. */
  readonly type: string
  /** The bytes as received. */
  readonly raw: Buffer
}

/** Parses a server's bytes into replies and pushes, RESP2 or RESP3. Strings are decoded as UTF-8. */
export class ReplyParser {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): RespReply[] {
    const buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const replies: RespReply[] = []
    let start = 0
    while (start < buffer.length) {
      const from = start
      const parsed = ifComplete(() => parseValue(buffer, from))
      if (parsed === undefined) break
      replies.push({
        value: parsed.value,
        type: String.fromCharCode(buffer[start] ?? 0),
        raw: buffer.subarray(start, parsed.end),
      })
      start = parsed.end
    }
    this.#rest = buffer.subarray(start)
    return replies
  }
}

interface Parsed {
  readonly value: RespValue
  readonly end: number
}

function parseValue(buffer: Buffer, start: number): Parsed {
  const end = lineEnd(buffer, start)
  const type = String.fromCharCode(buffer[start] ?? 0)
  const line = buffer.toString('utf8', start + 1, end - 2)
  switch (type) {
    case '+':
      return { value: line, end }
    case '-':
      return { value: new RespError(line), end }
    case ':':
    case ',':
      return { value: Number(line), end }
    case '(':
      return { value: BigInt(line), end }
    case '#':
      return { value: line === 't', end }
    case '_':
      return { value: null, end }
    case '$':
    case '=':
    case '!':
      return parseBulk(buffer, end, Number(line), type)
    case '*':
    case '~':
    case '>':
      return parseArray(buffer, end, Number(line))
    case '%':
      return parseArray(buffer, end, Number(line) * 2)
    case '|': // attributes precede the reply that they belong to
      return parseValue(buffer, parseArray(buffer, end, Number(line) * 2).end)
    default:
      throw new Error(`not a RESP reply: ${type}${line}`)
  }
}

function parseBulk(buffer: Buffer, start: number, length: number, type: string): Parsed {
  if (length === -1) return { value: null, end: start }
  const end = start + length + 2
  if (buffer.length < end) throw INCOMPLETE
  const text = buffer.toString('utf8', start, end - 2)
  if (type === '!') return { value: new RespError(text), end }
  return { value: type === '=' ? text.slice(4) : text, end }
}

function parseArray(buffer: Buffer, start: number, count: number): Parsed {
  if (count === -1) return { value: null, end: start }
  const value: RespValue[] = []
  let end = start
  for (let i = 0; i < count; i++) {
    const item = parseValue(buffer, end)
    value.push(item.value)
    end = item.end
  }
  return { value, end }
}
