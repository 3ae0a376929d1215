import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, type Sent, send, sendRaw } from './client.ts'
import { type RouteName, kitRoutes } from './contract.ts'
import { type Instruction, WITNESS_HEADER } from './instruction.ts'
import type { Capabilities, HttpTarget, Instance } from './target.ts'
import type { Script, Watched, Witness } from './witness.ts'

export interface RequestOptions {
  /** The value of the `Idempotency-Key` header; `null` sends none. Default: the kit's key, which is new for each case. */
  readonly key?: string | readonly string[] | null
  readonly json?: unknown
  /** Sent as it is instead of `json`; `null` sends no body at all. */
  readonly body?: Buffer | string | null
  readonly headers?: OutgoingHttpHeaders
  /** Appended to the route's path. */
  readonly query?: string
  /** For the parameter of the path. */
  readonly id?: string
  readonly tenant?: string
  /** Default: the target itself. */
  readonly at?: { readonly url: string }
  readonly watched?: Watched
}

/** The case asked for a route that this target does not serve. */
export class NotServedError extends Error {}

/** The kit stops waiting for an instance that does not close within this time. */
const CLOSE_MS = 10_000
const POLL_MS = 50

/**
 * The tools of a case. When the case ends, in any way, the kit cleans up: it disconnects its requests, which never
 * settle, releases its handlers and closes its instances.
 */
export class Kit {
  readonly target: HttpTarget
  /** New for each case and each run. */
  readonly key: string = randomUUID()
  readonly #witness: Witness
  readonly #ends = new Set<() => Promise<void> | void>()
  #ended = false

  constructor(target: HttpTarget, witness: Witness) {
    this.target = target
    this.#witness = witness
  }

  /** Handlers of requests with this `watched` do what the script says. */
  watch(script: Script | Instruction): Watched {
    const watched = this.#witness.watch(typeof script === 'function' ? script : () => script)
    this.#ends.add(() => watched.end())
    return watched
  }

  post(route: RouteName, options: RequestOptions = {}): Promise<Answer> {
    return this.start(route, options).answer
  }

  start(route: RouteName, options: RequestOptions = {}): Sent {
    const reason = this.target.missing?.[route]
    if (reason !== undefined) throw new NotServedError(reason)
    const { method, path } = kitRoutes[route]
    return this.request(method, path.replace(':id', options.id ?? 'one'), options)
  }

  request(method: string, path: string, options: RequestOptions = {}): Sent {
    const { key = this.key, json = { amount: 1 }, headers = {}, query = '', tenant, watched } = options
    const { url } = options.at ?? this.target
    const isSafe = method === 'GET' || method === 'HEAD'
    const text = isSafe ? null : options.body === undefined ? JSON.stringify(json) : options.body
    const body = text === null ? undefined : Buffer.from(text)
    if (this.#ended) return { answer: new Promise(() => undefined), hangUp: () => undefined }
    const sent = send(new URL(path + query, url), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
        ...(key === null ? {} : { 'idempotency-key': key as string | string[] }),
        ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
        ...(watched === undefined ? {} : { [WITNESS_HEADER]: watched.url }),
        ...headers,
      },
      body,
      isOurs: this.target.dialect === 'holdfast',
    })
    this.#ends.add(sent.hangUp)
    const answer = new Promise<Answer>((resolve, reject) => {
      sent.answer.then(resolve, (error: Error) => this.#ended || reject(error))
    })
    return { answer: handled(answer), hangUp: sent.hangUp }
  }

  /** Sends exactly these bytes to the target, and returns everything received until `isWhole`. */
  sendRaw(bytes: string, isWhole: (received: string) => boolean): Promise<string> {
    const { received, hangUp } = sendRaw(new URL(this.target.url), bytes, isWhole)
    this.#ends.add(hangUp)
    return handled(received)
  }

  /** Makes `many` concurrent calls; `n` counts them. A case may fail while they are in flight. */
  together<T>(many: number, call: (n: number) => Promise<T>): Promise<T>[] {
    return Array.from({ length: many }, (_, n) => handled(call(n)))
  }

  /** Another instance of the app. The case must list it in `needs`. */
  async instance<Name extends 'second' | 'spawn' | 'faults'>(
    name: Name,
  ): Promise<Awaited<ReturnType<NonNullable<Capabilities[Name]>>>> {
    const start = this.target[name]
    if (start === undefined) throw new NotServedError(`the target has no ${name}`)
    const started: Instance = await start()
    if (this.#ended) await started.close()
    this.#ends.add(() => started.close())
    return started as Awaited<ReturnType<NonNullable<Capabilities[Name]>>>
  }

  /** Repeats the request until the answer fits; the time limit of the case ends it otherwise. */
  async poll(ask: () => Promise<Answer>, isIt: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const answer = await ask()
      if (isIt(answer)) return answer
      await delay(POLL_MS)
    }
  }

  /** Settles when this instance serves requests. After its storage is back that may take a moment. */
  async usable(at: { readonly url: string }): Promise<void> {
    const ask = (): Promise<Answer> => this.post('charge', { key: randomUUID(), at })
    await this.poll(ask, ({ status }) => status === 200)
  }

  async end(): Promise<void> {
    this.#ended = true
    const ending = Promise.all([...this.#ends].map(async (end) => end()))
    const waited = new AbortController()
    await Promise.race([ending, delay(CLOSE_MS, undefined, { ref: false, signal: waited.signal })])
    waited.abort()
  }
}

/** The same promise. Its rejection does not end the process when the case failed before it awaited the promise. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
