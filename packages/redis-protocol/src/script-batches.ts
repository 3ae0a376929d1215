import type { Connection } from '@holdfast/core/storage'
import type { Argument } from './client.ts'
import { asStorageError, unexpectedReply } from './errors.ts'
import {
  type Arguments,
  type Load,
  type RunScript,
  type Script,
  type Strings,
  defineScript,
} from './script.ts'

/**
 * While fewer commands than this are in flight, a call leaves at once: client and server work at the same time only
 * while there is always something on the way to the other.
 */
const AT_ONCE = 4
/** Of a script that says how many calls may leave together: its calls come in crowds, and the first alone keeps the server at work. */
const AT_ONCE_OF_CROWDS = 1

/**
 * For the same reason a batch does not take all the waiting calls. Nor does it keep the server longer than some single
 * scripts do, however large its arguments are. (A script may say that it is short enough for more.)
 */
const MOST_CALLS = 16
const MOST_CHARACTERS = 65_536

/**
 * Has the calls of one tick that run the same script leave as one command. Under load most of what a call costs, here
 * and on the server, is not its script but its command: framing, parsing, entering Lua, a reply and a promise of the
 * client. A call does not wait for company: it leaves at once when few are in flight, and otherwise at the end of its
 * tick (much as Nagle's algorithm does with bytes), or with a later turn of the event loop when that many come at once.
 *
 * Every call keeps its own outcome: one that fails in a batch fails for its caller alone, and a batch whose reply is
 * lost is lost to each of its callers, as it is to those who share a connection. Calls that share their first key stay
 * in order where the server knows their scripts; others of one tick may change places.
 *
 * For a single server only: in a cluster the keys of one command lie in one slot.
 */
export function batchScripts(run: RunScript, connection: Connection): RunScript {
  let load: Load = { inFlight: 0 }
  let batches: Batches | undefined
  // A client may never settle what was in flight on a connection that broke.
  connection.onChange((state) => {
    if (state === 'ready') load = { inFlight: 0 }
  })
  // One batch a turn of the event loop: the server is at work on it while the next one is put together.
  const flush = (): void => {
    const next = batches?.take()
    if (next !== undefined) sendBatch(run, next, load)
    if (batches?.isEmpty === false) setImmediate(flush)
    else batches = undefined
  }
  return (script, keys, args, decode) => {
    const atOnce = script.most === undefined ? AT_ONCE : AT_ONCE_OF_CROWDS
    if (load.inFlight < atOnce && batches === undefined) return run(script, keys, args, decode, load)
    if (batches === undefined) {
      batches = new Batches()
      process.nextTick(flush)
    }
    const waiting = batches
    return new Promise((resolve, reject) => {
      // `decode` makes what this call promised.
      waiting.add(script, { keys, args, decode, resolve: resolve as Call['resolve'], reject })
    })
  }
}

function sendBatch(run: RunScript, { script, calls }: Batch, load: Load): void {
  const [only] = calls
  if (only !== undefined && calls.length === 1) {
    run(script, only.keys, only.args, only.decode, load).then(only.resolve, only.reject)
    return
  }
  const keys: string[] = []
  const args: Argument[] = []
  for (const call of calls) {
    keys.push(...call.keys)
    args.push(...call.args)
  }
  run(manyOf(script), keys, args, (replies) => settleAll(script, calls, replies), load).catch(
    (error: unknown) => calls.forEach(({ reject }) => reject(error)),
  )
}

type AnyScript = Script<Strings, Arguments>

interface Call {
  readonly keys: Strings
  readonly args: Arguments
  readonly decode: (reply: unknown) => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

interface Batch {
  readonly script: AnyScript
  readonly calls: Call[]
  characters: number
}

/** The calls that wait, by script, in the order in which they will be sent. Batches are numbered as they are begun. */
class Batches {
  readonly #waiting: Batch[] = []
  #taken = 0
  /** The last batch of a script, which still takes calls unless it was taken. */
  readonly #open = new Map<AnyScript, number>()
  /** The last batch that touches a key: a later call must not be in an earlier one. */
  readonly #lastOf = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  add(script: AnyScript, call: Call): void {
    const [key = ''] = call.keys
    let characters = 0
    for (const arg of call.args) characters += arg.length
    let number = this.#open.get(script) ?? -1
    let batch = this.#waiting[number - this.#taken]
    if (
      batch === undefined ||
      batch.calls.length === (script.most ?? MOST_CALLS) ||
      batch.characters + characters > MOST_CHARACTERS ||
      (this.#lastOf.get(key) ?? number) > number
    ) {
      number = this.#taken + this.#waiting.length
      batch = { script, calls: [], characters: 0 }
      this.#waiting.push(batch)
      this.#open.set(script, number)
    }
    batch.calls.push(call)
    batch.characters += characters
    this.#lastOf.set(key, number)
  }

  /** The one that goes first. */
  take(): Batch | undefined {
    const batch = this.#waiting.shift()
    for (const { keys } of batch?.calls ?? []) {
      const [key = ''] = keys
      if (this.#lastOf.get(key) === this.#taken) this.#lastOf.delete(key)
    }
    this.#taken += 1
    return batch
  }
}

function settleAll(script: AnyScript, calls: readonly Call[], replies: unknown): void {
  if (!Array.isArray(replies) || replies.length !== calls.length) {
    throw unexpectedReply(`${calls.length} × ${script.name}`, replies)
  }
  let i = 0
  for (const call of calls) settle(script, call, replies[i++])
}

function settle({ name }: AnyScript, { decode, resolve, reject }: Call, reply: unknown): void {
  try {
    if (reply instanceof Error) throw asStorageError(reply, name)
    resolve(decode(reply))
  } catch (error) {
    reject(error)
  }
}

const manies = new WeakMap<AnyScript, AnyScript>()

/**
 * The script that runs another one for many calls, whose keys and arguments follow one another. The script gets no
 * tables for each call: its places in `KEYS` and `ARGV` are moved along, which saves a fifth of the server's time.
 */
function manyOf(script: AnyScript): AnyScript {
  const known = manies.get(script)
  if (known !== undefined) return known
  const { name, keys, args, source, once = '' } = script
  const each = source.replace(once, '')
  const many: AnyScript = defineScript({
    name,
    keys,
    args,
    source: `${once}
local replies, k, a = {}, 0, 0
local function one()
${each.replace(/\bKEYS\[(\d+)\]/g, 'KEYS[k + $1]').replace(/\bARGV\[(\d+)\]/g, 'ARGV[a + $1]')}
end
for i = 1, #KEYS / ${keys} do
  local ok, reply = pcall(one)
  if not ok then reply = {err = type(reply) == 'table' and reply.err or reply} end
  replies[i] = reply
  k, a = k + ${keys}, a + ${args}
end
return replies
`,
  })
  manies.set(script, many)
  return many
}
