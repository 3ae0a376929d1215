import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerByRules } from './rules.ts'

/** One request, as far as the stub heeds it. */
export interface StubRequest {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  /** Of all that came, from 1. */
  readonly number: number
}

/** How the stub answers a request. */
export type StubBehaviour =
  /** Streams the text; by default, what its rules say. */
  | {
      readonly kind: 'answer'
      readonly text?: string
      /** The answer begins and goes on when this has come, and the pause between its parts. */
      readonly after?: Promise<unknown>
      readonly pauseMs?: number
      /** It does not say how many tokens there were. */
      readonly withoutUsage?: boolean
      readonly finish?: string
    }
  /** Streams half of the text, and breaks the connection. */
  | { readonly kind: 'half'; readonly text?: string }
  /** Streams half of the text, and then nothing more. */
  | { readonly kind: 'stuck'; readonly text?: string }
  /** Takes the request, and says nothing. */
  | { readonly kind: 'silent' }
  /** Answers with this, whatever it is. */
  | {
      readonly kind: 'raw'
      readonly status?: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
    }
  | {
      readonly kind: 'refuse'
      readonly status: number
      readonly message?: string
      readonly code?: string
      readonly retryAfter?: string
    }

export interface StubOptions {
  /** What it answers to whom. Default: by its rules, at once. */
  readonly behave?: (request: StubRequest) => StubBehaviour
  /** What requests have to bring. Default: anything. */
  readonly key?: string
}

/**
 * A server that speaks as much of the OpenAI API as the second reviewer needs. It is no model: it answers from rules, or as a test
 * wants it to.
 */
export interface ModelStub {
  readonly url: string
  readonly requests: readonly StubRequest[]
  /** The most requests that were open at one moment. */
  readonly mostAtOnce: () => number
  readonly open: () => number
  /** By what it has said of usage. */
  readonly tokens: () => { readonly input: number; readonly output: number }
  readonly close: () => Promise<void>
}

export async function startModelStub({
  behave = () => ({ kind: 'answer' }),
  key,
}: StubOptions = {}): Promise<ModelStub> {
  const requests: StubRequest[] = []
  let [open, most, input, output] = [0, 0, 0, 0]
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (message.method !== 'POST' || message.url !== '/v1/chat/completions') {
      return refuse(response, { status: 404, message: `There is no ${message.url}.` })
    }
    if (key !== undefined && message.headers.authorization !== `Bearer ${key}`) {
      const said = message.headers.authorization?.replace('Bearer ', '')
      return refuse(response, {
        status: 401,
        message: `Incorrect API key provided: ${said}`,
        code: 'invalid_api_key',
      })
    }
    const body = (await json(message)) as Omit<StubRequest, 'number'>
    const request = { ...body, number: requests.length + 1 }
    requests.push(request)
    const behaviour = behave(request)
    switch (behaviour.kind) {
      case 'refuse':
        return refuse(response, behaviour)
      case 'silent':
        return
      case 'raw':
        response.writeHead(behaviour.status ?? 200, behaviour.headers)
        return void response.end(behaviour.body)
      case 'answer':
      case 'half':
      case 'stuck': {
        const question = request.messages.findLast(({ role }) => role === 'user')?.content ?? ''
        const { text = JSON.stringify(answerByRules(question)), kind } = behaviour
        await stream(response, request, kind === 'answer' ? text : text.slice(0, text.length / 2), behaviour)
        if (kind === 'half') response.destroy()
        if (kind !== 'answer' || behaviour.withoutUsage === true) return
        input += tokensOf(request)
        output += tokensIn(text)
      }
    }
  }
  const server = createServer((message, response) => {
    open += 1
    most = Math.max(most, open)
    response.once('close', () => (open -= 1))
    answer(message, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    mostAtOnce: () => most,
    open: () => open,
    tokens: () => ({ input, output }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function refuse(
  response: ServerResponse,
  { status, message = 'Not now.', code, retryAfter }: Omit<StubBehaviour & { kind: 'refuse' }, 'kind'>,
): void {
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter)
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ error: { message, type: 'stub', param: null, code: code ?? null } }))
}

const PART = 40

async function stream(
  response: ServerResponse,
  request: StubRequest,
  text: string,
  behaviour: StubBehaviour & { kind: 'answer' | 'half' | 'stuck' },
): Promise<void> {
  const {
    after,
    pauseMs = 0,
    withoutUsage = false,
    finish = 'stop',
  } = behaviour.kind === 'answer' ? behaviour : ({} as Partial<StubBehaviour & { kind: 'answer' }>)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const id = `stub-${request.number}`
  const send = (rest: object): void => {
    const chunk = { id, object: 'chat.completion.chunk', created: 0, model: request.model, ...rest }
    response.write(`data: ${JSON.stringify(chunk)}\n\n`)
  }
  const say = (content: string): void =>
    send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })
  // Half of it comes before the client has to wait.
  say(text.slice(0, text.length / 2))
  await after
  for (let at = Math.floor(text.length / 2); at < text.length && !response.destroyed; at += PART) {
    say(text.slice(at, at + PART))
    if (pauseMs > 0) await sleep(pauseMs)
  }
  if (behaviour.kind !== 'answer') {
    // What was written has left.
    await new Promise((resolve) => response.write(': \n\n', resolve))
    return
  }
  send({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })
  if (!withoutUsage) {
    const [prompt, completion] = [tokensOf(request), tokensIn(text)]
    const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
    send({ choices: [], usage })
  }
  response.end('data: [DONE]\n\n')
}

/** The stub's token is a word, with the signs behind it. */
function tokensIn(text: string): number {
  return text.match(/\w+\W*/g)?.length ?? 0
}

function tokensOf({ messages }: StubRequest): number {
  return messages.reduce((sum, { content }) => sum + tokensIn(content), 0)
}
