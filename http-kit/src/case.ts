import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { type Answer, type Sent, send } from './client.ts'
import { kitRoutes } from './contract.ts'
import { type Instruction, WITNESS_HEADER } from './instruction.ts'
import type { Capability, HttpTarget } from './target.ts'
import type { Script, Watched, Witness } from './witness.ts'

/** One case of the conformance list; its id is the number there. */
export interface HttpCase {
  readonly id: `H${number}`
  readonly title: string
  readonly needs?: readonly Capability[]
  run(kit: Kit): Promise<void>
}

export type RouteName = keyof typeof kitRoutes

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

/** What a case works with. */
export class Kit {
  readonly target: HttpTarget
  readonly key: string = randomUUID()
  readonly #witness: Witness

  constructor(target: HttpTarget, witness: Witness) {
    this.target = target
    this.#witness = witness
  }

  /** Handlers of requests with this `watched` do what the script says. */
  watch(script: Script | Instruction): Watched {
    return this.#witness.watch(typeof script === 'function' ? script : () => script)
  }

  async post(route: RouteName, options: RequestOptions = {}): Promise<Answer> {
    return this.start(route, options).answer
  }

  start(route: RouteName, options: RequestOptions = {}): Sent {
    const { method, path } = kitRoutes[route]
    return this.request(method, path.replace(':id', options.id ?? 'one'), options)
  }

  request(method: string, path: string, options: RequestOptions = {}): Sent {
    const { key = this.key, json = { amount: 1 }, headers = {}, query = '', tenant, watched } = options
    const { url } = options.at ?? this.target
    const isSafe = method === 'GET' || method === 'HEAD'
    const text = isSafe ? null : options.body === undefined ? JSON.stringify(json) : options.body
    const body = text === null ? undefined : Buffer.from(text)
    return send(new URL(path + query, url), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
        ...(key === null ? {} : { 'idempotency-key': key as string | string[] }),
        ...(tenant === undefined ? {} : { 'x-tenant': tenant }),
        ...(watched === undefined ? {} : { [WITNESS_HEADER]: watched.url }),
        ...headers,
      },
      body,
    })
  }
}

/** The capability, of a case that has named it in `needs`. */
export function capability<Name extends Capability>(
  target: HttpTarget,
  name: Name,
): NonNullable<HttpTarget[Name]> {
  const found = target[name]
  if (found === undefined) throw new Error(`the target has no ${name}`)
  return found
}

/** Asks again until the answer is what is waited for, or two minutes are over; resolves with the last answer. */
export async function poll(ask: () => Promise<Answer>, isIt: (answer: Answer) => boolean): Promise<Answer> {
  const giveUpAt = performance.now() + 120_000
  for (;;) {
    const answer = await ask()
    if (isIt(answer) || performance.now() > giveUpAt) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** A promise, and the function that settles it: holds a handler until the case lets it go. */
export function gate<T = void>(): { readonly opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined
  const opened = new Promise<T>((resolve) => (open = resolve))
  return { opened, open }
}
