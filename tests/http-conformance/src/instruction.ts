/**
 * What the handler of the app under test must do. The runner sends it through its witness. So the runner counts the runs
 * itself and decides when each one goes on, in every process.
 */
export type Instruction =
  | { readonly kind: 'json'; readonly status: number; readonly headers?: Headers; readonly json: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly headers?: Headers; readonly text: string }
  | { readonly kind: 'bytes'; readonly status: number; readonly headers?: Headers; readonly base64: string }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Headers }
  /** A Node stream of these chunks. */
  | {
      readonly kind: 'stream'
      readonly status: number
      readonly headers?: Headers
      readonly chunks: readonly string[]
    }
  /** A web `Response`. */
  | { readonly kind: 'response'; readonly status: number; readonly headers?: Headers; readonly text: string }
  /** The framework's own exception with this status; without one a plain `Error`. */
  | { readonly kind: 'throw'; readonly message: string; readonly status?: number }
  /** Writes to the raw response and bypasses the framework. */
  | { readonly kind: 'hijack'; readonly status: number; readonly text: string }
  /** A value that JSON cannot represent. */
  | { readonly kind: 'unserializable'; readonly how: 'bigint' | 'circular' }
  /** Blocks the event loop, then answers 200 `{"blocked":true}`. */
  | { readonly kind: 'block'; readonly ms: number }
  /** Runs the idempotent job `kit:nested` with this key, then answers 200 with its `{status, result}`. */
  | { readonly kind: 'nested'; readonly jobKey: string }

type Headers = Readonly<Record<string, string | string[]>>

/** The request header with the URL of the witness that its handler asks. */
export const WITNESS_HEADER = 'x-kit-witness'

/** The request header with the URL of the witness that the handler of `/own` asks after it has answered. */
export const AFTERWARDS_HEADER = 'x-kit-afterwards'

/** For the handler of `/own`: undefined when it must end with its answer. */
export function askAfterwards(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Promise<Instruction> | undefined {
  const url = headers[AFTERWARDS_HEADER]
  return url === undefined ? undefined : askWitness({ [WITNESS_HEADER]: url })
}

/** The request header with the URL of the witness that its watchdog asks. */
export const WATCHDOG_HEADER = 'x-kit-watchdog'

/** For watchdogs of the app under test: waits until the witness says what to answer; undefined without a watchdog. */
export function askWatchdog(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Promise<{ readonly status: number; readonly text: string }> | undefined {
  const url = headers[WATCHDOG_HEADER]
  if (url === undefined) return undefined
  return askWitness({ [WITNESS_HEADER]: url }).then((instruction) => {
    if (instruction.kind !== 'text') throw new Error('A watchdog answers with a text.')
    return instruction
  })
}

/** For handlers of the app under test: reports a run to the witness, and waits for instructions. */
export async function askWitness(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Promise<Instruction> {
  const url = headers[WITNESS_HEADER]
  if (typeof url !== 'string') return { kind: 'json', status: 200, json: { witness: false } }
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify({ pid: process.pid }) })
  return (await answer.json()) as Instruction
}

/** For handlers: nothing else happens in this process for so long. It sleeps, and takes no processor from the others. */
export function blockEventLoop(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
