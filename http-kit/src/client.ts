import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Each header line as it came. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON; throws when it is none. */
  json(): Record<string, unknown>
}

export interface Sent {
  readonly answer: Promise<Answer>
  /** Closes the connection without waiting for the answer. */
  readonly hangUp: () => void
}

/** One request over a connection of its own. */
export function send(
  url: URL,
  { method, headers, body }: { method: string; headers: OutgoingHttpHeaders; body?: Buffer | undefined },
): Sent {
  const outgoing = httpRequest(url, { method, headers, agent: false })
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => resolve(answerOf(incoming, Buffer.concat(chunks))))
    })
  })
  // Who hangs up does not care for the answer.
  answer.catch(() => undefined)
  outgoing.end(body)
  return { answer, hangUp: () => void outgoing.destroy() }
}

/** Sends these very bytes over one connection and resolves with everything that comes back until `isWhole`. */
export function sendRaw(url: URL, bytes: string, isWhole: (received: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes, 'latin1'))
    let received = ''
    const finish = (): void => {
      socket.destroy()
      resolve(received)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      received += chunk
      if (isWhole(received)) finish()
    })
    socket.once('end', finish)
    socket.once('error', reject)
  })
}

function answerOf({ statusCode = 0, headers, rawHeaders }: IncomingMessage, bytes: Buffer): Answer {
  const lines: [string, string][] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    lines.push([rawHeaders[at]?.toLowerCase() ?? '', rawHeaders[at + 1] ?? ''])
  }
  const text = bytes.toString()
  return {
    status: statusCode,
    headers,
    lines,
    bytes,
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
  }
}
