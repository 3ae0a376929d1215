import type { Finish } from '../repository.ts'

/** One server-sent event. */
export interface Message {
  /** `message` when the server gives it no name. */
  readonly event: string
  readonly id: string
  readonly data: unknown
}

export interface Source {
  readonly headers: Headers
  readonly status: number
  /** Resolves to the message that comes next. */
  readonly next: () => Promise<Message>
  /** Resolves to the first from now on that is so. */
  readonly until: (isWanted: (message: Message) => boolean) => Promise<Message>
  readonly close: () => void
}

/** A page's connection, as the browser makes it. */
export async function openSource(
  address: string,
  onTestFinished: Finish,
  headers: Readonly<Record<string, string>> = {},
): Promise<Source> {
  const stopping = new AbortController()
  onTestFinished(() => stopping.abort())
  const response = await fetch(address, { headers, signal: stopping.signal })
  const messages = read(response)
  const next = async (): Promise<Message> => {
    const { value, done } = await messages.next()
    if (done === true) throw new Error('The stream has ended.')
    return value
  }
  return {
    headers: response.headers,
    status: response.status,
    next,
    async until(isWanted) {
      for (;;) {
        const message = await next()
        if (isWanted(message)) return message
      }
    },
    close: () => stopping.abort(),
  }
}

async function* read(response: Response): AsyncGenerator<Message, void> {
  let text = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
      const data = fields.get('data')
      // That the server is there is news only for a page that hears nothing.
      if (data === undefined || fields.get('event') === 'alive') continue
      const { event = 'message', id = '' } = Object.fromEntries(fields)
      yield { event, id, data: JSON.parse(data) as unknown }
    }
  }
}
