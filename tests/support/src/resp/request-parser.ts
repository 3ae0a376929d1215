import { ifComplete, INCOMPLETE, lineEnd } from './incomplete.ts'

export interface RespRequest {
  /** The command's name in lower case. */
  readonly name: string
  /** The arguments behind the name. */
  readonly args: readonly Buffer[]
  /** The bytes as received. */
  readonly raw: Buffer
}

/** Parses a client's bytes into requests, no matter how they were split or pipelined. */
export class RequestParser {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): RespRequest[] {
    const buffer = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const requests: RespRequest[] = []
    let start = 0
    while (start < buffer.length) {
      const from = start
      const parsed = ifComplete(() => parseRequest(buffer, from))
      if (parsed === undefined) break
      const [name = Buffer.alloc(0), ...args] = parsed.words
      requests.push({
        name: name.toString().toLowerCase(),
        args,
        raw: buffer.subarray(start, parsed.end),
      })
      start = parsed.end
    }
    this.#rest = buffer.subarray(start)
    return requests
  }
}

interface Parsed {
  readonly words: readonly Buffer[]
  readonly end: number
}

function parseRequest(buffer: Buffer, start: number): Parsed {
  if (buffer[start] !== 0x2a) return parseInline(buffer, start)
  let at = lineEnd(buffer, start)
  const count = lengthIn(buffer, start, at)
  const words: Buffer[] = []
  for (let i = 0; i < count; i++) {
    const header = at
    at = lineEnd(buffer, header)
    const length = lengthIn(buffer, header, at)
    if (buffer.length < at + length + 2) throw INCOMPLETE
    words.push(buffer.subarray(at, at + length))
    at += length + 2
  }
  return { words, end: at }
}

function parseInline(buffer: Buffer, start: number): Parsed {
  const end = lineEnd(buffer, start)
  const words = buffer.toString('latin1', start, end).split(/\s+/).filter(Boolean)
  return { words: words.map((word) => Buffer.from(word, 'latin1')), end }
}

function lengthIn(buffer: Buffer, header: number, end: number): number {
  const length = Number(buffer.toString('latin1', header + 1, end - 2))
  if (!Number.isInteger(length))
    throw new Error(`not a RESP request: ${buffer.toString('latin1', header, end)}`)
  return length
}
