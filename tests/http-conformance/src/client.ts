import { type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest } from 'node:http'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Each header line as received. */
  readonly lines: readonly (readonly [name: string, value: string])[]
  readonly bytes: Buffer
  readonly text: string
  /** Whether the target must use Holdfast's status codes and problem documents, or only what the draft says. */
  readonly isOurs: boolean
  /** The body as JSON; throws when it is not JSON. */
  json(): Record<string, unknown>
}

export interface Sent {
  readonly answer: Promise<Answer>
  /** Closes the connection without waiting for the answer. */
  readonly hangUp: () => void
}

interface Outgoing {
  readonly method: string
  readonly headers: OutgoingHttpHeaders
  readonly body?: Buffer | undefined
  readonly isOurs?: boolean
}

/** One request over a separate connection. */
export function send(url: URL, { method, headers, body, isOurs = false }: Outgoing): Sent {
  const outgoing = httpRequest(url, { method, headers, agent: false })
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.once('error', reject)
      incoming.once('end', () => resolve(answerOf(incoming, Buffer.concat(chunks), isOurs)))
    })
  })
  // A client that disconnects ignores the answer.
  answer.catch(() => undefined)
  outgoing.end(body)
  return { answer, hangUp: () => void outgoing.destroy() }
}

export interface SentRaw {
  /** Everything received until `isWhole`, or until the connection ended. */
  readonly received: Promise<string>
  readonly hangUp: () => void
}

/** Sends exactly these bytes over one connection. */
export function sendRaw(url: URL, bytes: string, isWhole: (received: string) => boolean): SentRaw {
  const socket = connect(Number(url.port), url.hostname, () => socket.write(bytes, 'latin1'))
  const received = new Promise<string>((resolve, reject) => {
    let text = ''
    const finish = (): void => {
      socket.destroy()
      resolve(text)
    }
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
      if (isWhole(text)) finish()
    })
    socket.once('close', finish)
    socket.once('error', reject)
  })
  return { received, hangUp: () => void socket.destroy() }
}

function answerOf(
  { statusCode = 0, headers, rawHeaders }: IncomingMessage,
  bytes: Buffer,
  isOurs: boolean,
): Answer {
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
    isOurs,
    json: () => JSON.parse(text) as Record<string, unknown>,
  }
}
