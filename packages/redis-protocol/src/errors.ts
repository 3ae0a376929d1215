import { HoldfastError, StorageRefusedError, StorageUnavailableError } from '@holdfast/core'

/**
 * What the errors of the clients mean to core. The server's replies are recognized by their first word in capitals, which
 * the Redis protocol prescribes; neither client has a class or a name for them that is the same in all its versions.
 */
export function asStorageError(error: unknown, doing: string): HoldfastError {
  if (HoldfastError.isInstance(error)) return error
  const message = messageOf(error)
  const word = replyWord(message)
  if (word === undefined) return connectionError(error, message, doing)
  // What was written before the server became a replica was written, and may be gone.
  if (message.startsWith('ERR WAIT cannot be used with replica')) {
    return new StorageUnavailableError(`Redis cannot serve ${doing} now: ${message}`, {
      cause: error,
      maybeApplied: true,
    })
  }
  const whatToDo = adviceOn(message)
  if (passing.has(word) || message.startsWith('ERR max number of clients')) {
    const ifItLasts = whatToDo === '' ? '' : `If it lasts: ${whatToDo}`
    return new StorageUnavailableError(`Redis cannot serve ${doing} now: ${join(message, ifItLasts)}`, {
      cause: error,
      maybeApplied: false,
    })
  }
  return new StorageRefusedError(`Redis refused ${doing}: ${join(message, whatToDo)}`, { cause: error })
}

function join(answer: string, whatToDo: string): string {
  return whatToDo === '' ? answer : `${answer.replace(/\.$/, '')}. ${whatToDo}`
}

/** What a server answered, however long that may last; undefined where there was no answer. */
export function answerOf(error: unknown): string | undefined {
  const cause = HoldfastError.isInstance(error) ? error.cause : error
  const message = messageOf(cause ?? error)
  return replyWord(message) === undefined ? undefined : message
}

/** What to do about an answer of a server; '' where it does not say. */
export function adviceOn(answer: string): string {
  return advice(replyWord(answer) ?? '', answer)
}

export function isNoScript(error: unknown): boolean {
  return messageOf(error).startsWith('NOSCRIPT')
}

/** The key holds another type than the command is for. */
export function isWrongType(error: unknown): boolean {
  return messageOf(error).startsWith('WRONGTYPE')
}

/** For a reply that no version of the protocol gives: a client that maps replies, a proxy, or no Redis at all. */
export function unexpectedReply(doing: string, reply: unknown): StorageRefusedError {
  return new StorageRefusedError(
    `Redis answered ${doing} with something unexpected (${describe(reply)}). Holdfast needs replies as plain strings, ` +
      'integers, null and arrays: give it a client without reply mapping (Buffers, type mappings, reply transformers).',
  )
}

/** States that pass by themselves. The server refused before it did anything, so nothing was applied. */
const passing = new Set([
  'LOADING',
  'BUSY',
  'READONLY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'MOVED',
  'ASK',
  'NOREPLICAS',
])

/** `READONLY You can't write …` gives `READONLY`; a message that is no reply of a server gives undefined. */
function replyWord(message: string): string | undefined {
  // Redis 6.2 puts what a command in a script answered behind an account of the script.
  const inScript = /^(?:ERR Error running script .*)?@user_script: ?\d+: -?([A-Z][A-Z0-9_]+) /.exec(message)
  return (inScript ?? /^-?([A-Z][A-Z0-9_]+)(?: |$)/.exec(message))?.[1]
}

function connectionError(error: unknown, message: string, doing: string): HoldfastError {
  // An argument that a client cannot encode, one that is too long, or a client that is none: no retry heals that.
  if (error instanceof TypeError || error instanceof RangeError || !(error instanceof Error)) {
    return new StorageRefusedError(`The Redis client failed on ${doing}: ${message}`, { cause: error })
  }
  return new StorageUnavailableError(`No answer from Redis to ${doing}: ${message}`, {
    cause: error,
    maybeApplied: !neverSent.some((pattern) => pattern.test(message)),
  })
}

/** What the clients say when they refused a command before it was written. */
const neverSent = [
  // ours, of a dedicated connection
  /^The connection was not ready within /,
  // ioredis
  /^Stream isn't writeable and enableOfflineQueue options is false/,
  /^Cluster isn't ready and enableOfflineQueue options is false/,
  /^All sentinels are unreachable/,
  // node-redis
  /^The client is closed$/,
  /^The client is offline$/,
  /^The queue is full$/,
  /^All the root nodes are unavailable$/,
  /^The command was aborted$/, // withdrawn before it was written
  // both: redirected until they gave up, or a connection that never was
  /^Too many Cluster redirections/,
  /^connect E[A-Z]+/,
  /^getaddrinfo /,
]

function advice(word: string, message: string): string {
  switch (word) {
    case 'OOM':
      return 'Raise maxmemory or free memory; what is already begun can still be finished and released.'
    case 'NOPERM':
      return 'Give the user the rights that aclRules() lists; health() names those that are missing.'
    case 'NOAUTH':
    case 'WRONGPASS':
      return 'Check the user and the password of the client.'
    case 'WRONGTYPE':
      return 'Something else uses the same keys: give Holdfast a separate prefix.'
    case 'CROSSSLOT':
      return 'Redis runs as a cluster but the client does not know: use a cluster client.'
    case 'MISCONF':
      return 'Redis cannot save to disk and refuses writes: look at its log.'
    case 'READONLY':
    case 'MASTERDOWN':
      return 'It is a replica: connect to the primary, through Sentinel or a cluster client.'
    case 'NOREPLICAS':
      return 'Bring back its replicas, or lower min-replicas-to-write.'
    case 'CLUSTERDOWN':
      return 'Slots of the cluster have no server: look at CLUSTER INFO, and bring back their masters.'
    case 'BUSY':
      return 'A script runs for too long: end it with SCRIPT KILL.'
    case 'MOVED':
    case 'ASK':
      return advice('CROSSSLOT', message)
    case 'ERR':
      if (/user executing the script can't run|ACL failure in script/.test(message))
        return advice('NOPERM', message)
      return /unknown command/i.test(message) ? 'Redis 6.2 or newer, with scripts, is needed.' : ''
    default:
      return ''
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function describe(reply: unknown): string {
  if (typeof reply === 'string') return `the string ${JSON.stringify(reply.slice(0, 40))}`
  if (Buffer.isBuffer(reply)) return 'a Buffer'
  if (Array.isArray(reply)) return `an array of ${reply.length}`
  return reply === null ? 'null' : `a value of type ${typeof reply}`
}
