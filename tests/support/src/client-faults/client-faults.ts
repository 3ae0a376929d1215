/**
 * The faults of one call of a client library that breaks its promises.
 *
 * | kind      | sent | what the caller sees                                                 |
 * |-----------|------|----------------------------------------------------------------------|
 * | `never`   | yes  | a promise that is never settled                                      |
 * | `unsent`  | no   | the same                                                             |
 * | `late`    | yes  | its answer, when `calm()` is called                                  |
 * | `twice`   | yes  | a thenable that calls back twice: with the answer, and with an error |
 * | `swapped` | no   | the answer of another call: the `other` that `over()` got            |
 * | `throws`  | no   | an error that is thrown instead of a promise                         |
 * | `rejects` | yes  | an error that does not say whether the call was executed             |
 */
export type ClientFault = 'never' | 'unsent' | 'late' | 'twice' | 'swapped' | 'throws' | 'rejects'

/** A fault proxy for clients, as `FaultProxy` is one for sockets: the nth call of a kind meets a fault. */
export class ClientFaults {
  /** How many calls were made before `calm()`. */
  calls = 0
  readonly #at: number
  readonly #fault: ClientFault
  readonly #settleLate: (() => void)[] = []
  #calm = false

  constructor(fault: ClientFault, at: number) {
    this.#fault = fault
    this.#at = at
  }

  /** `client` with faults in these methods. `other` is the answer of another call, for `swapped`. */
  over<C extends object>(client: C, methods: readonly string[], other: unknown): C {
    return new Proxy(client, {
      get: (target, name): unknown => {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        const method = value as (...args: unknown[]) => unknown
        if (!methods.includes(String(name))) return method.bind(target)
        return (...args: unknown[]) => this.#call(() => method.apply(target, args) as Promise<unknown>, other)
      },
    })
  }

  /** No call meets a fault from now on, and the late answers arrive. */
  calm(): void {
    this.#calm = true
    for (const settle of this.#settleLate.splice(0)) settle()
  }

  #call(send: () => Promise<unknown>, other: unknown): unknown {
    if (this.#calm) return send()
    const number = this.calls
    this.calls += 1
    if (number !== this.#at) return send()
    switch (this.#fault) {
      case 'never':
        send().catch(() => {})
        return new Promise(() => {})
      case 'unsent':
        return new Promise(() => {})
      case 'late': {
        const answer = send()
        answer.catch(() => {})
        return new Promise((resolve) => this.#settleLate.push(() => resolve(answer)))
      }
      case 'twice':
        return callsBackTwice(send())
      case 'swapped':
        return Promise.resolve(other)
      case 'throws':
        throw new Error('The client is in no state to send')
      case 'rejects':
        return send().then(() => {
          throw new Error('Connection is closed.')
        })
    }
  }
}

function callsBackTwice(answer: Promise<unknown>): unknown {
  const then = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    answer.then((value) => {
      resolve(value)
      reject(new Error('Connection is closed.'))
    }, reject)
  }
  // oxlint-disable-next-line unicorn/no-thenable -- that is the fault
  const thenable = { then, catch: (onError: (error: unknown) => void) => answer.catch(onError) }
  return thenable
}
