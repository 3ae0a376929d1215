/** The glossary of docs/concepts.md is alphabetical, has the words of the public types, and no word that is not used. */
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CODES as CODES_OF_ALL } from '@holdfast/cli/codes'
import type {
  BeginOutcome,
  BreakerEvent,
  CacheEvent,
  ConnectionEvent,
  ExecutionLostError,
  ExecutionOptions,
  ExecutionSnapshot,
  HoldfastErrorCode,
  IdempotencyEvent,
  LockEvent,
  LockLostError,
  ReleaseOutcome,
  RunResult,
  Skipped,
  StorageEvent,
} from '@holdfast/core'
import { describe, expect, it } from 'vitest'

type Policy = 'onInProgress' | 'onCompleted' | 'onFailed' | 'onStalled'
type States =
  | ExecutionSnapshot['status']
  | BeginOutcome['status']
  | RunResult<unknown>['status']
  | Skipped['status']
  | ReleaseOutcome
type Events = (
  | IdempotencyEvent
  | LockEvent
  | CacheEvent
  | BreakerEvent
  | ConnectionEvent
  | StorageEvent
)['type']
type Reasons = ExecutionLostError['reason'] | LockLostError['reason']

/** Every word that a program may meet, and the term that explains it. A new word of the types does not compile without. */
const TERMS: Readonly<Record<States | Events | Reasons | NonNullable<ExecutionOptions[Policy]>, string>> = {
  abandoned: 'abandoned',
  bypassed: 'bypassed',
  cleared: 'invalidation',
  closed: 'breaker',
  completed: 'completed',
  ended: 'reason',
  executed: 'start',
  executing: 'executing',
  expired: 'expired',
  fail: 'stalled',
  failed: 'failed',
  failedBefore: 'replay',
  fillRefused: 'refused',
  forgotten: 'forget',
  gaveUp: 'waiter',
  granted: 'hand-over',
  hit: 'hit',
  inProgress: 'in progress',
  joined: 'waiter',
  loaded: 'load',
  loadFailed: 'load',
  loading: 'load',
  lost: 'lost',
  maxHold: 'reason',
  memoryHit: 'hit',
  nearHit: 'hit',
  mismatch: 'mismatch',
  miss: 'miss',
  opened: 'breaker',
  outage: 'outage',
  oversize: 'oversize',
  patternRemoved: 'invalidation',
  ready: 'connection',
  refreshFailed: 'refresh',
  reject: 'in progress',
  released: 'release',
  releaseFailed: 'release',
  removalQueued: 'invalidation',
  removed: 'invalidation',
  renewalFailed: 'renewal',
  renewed: 'renewal',
  replay: 'replay',
  replayed: 'replay',
  rerun: 'rerun',
  revoked: 'revoke',
  set: 'set',
  skipped: 'skipped',
  staleHit: 'hit',
  started: 'start',
  stillOpen: 'breaker',
  tagsInvalidated: 'tag',
  taken: 'reason',
  takenOver: 'take-over',
  takeOver: 'take-over',
  traceContextDropped: 'trace context',
  unconfirmed: 'unconfirmed',
  unreadable: 'unreadable',
  vanished: 'reason',
  wait: 'waiter',
  waited: 'waiter',
  waiting: 'waiter',
  waits: 'waiter',
}

/** The same of the codes. Those of Hangfire have another page. */
const CODES: Readonly<Record<Exclude<HoldfastErrorCode, `HANGFIRE_${string}`>, string>> = {
  CHECKPOINT_TOO_LARGE: 'checkpoint',
  CLIENT_CLOSED: 'client',
  CLIENT_NOT_CONNECTED: 'client',
  CLOSED: 'close',
  COMPLETION_UNCONFIRMED: 'unconfirmed',
  EXECUTION_ABANDONED: 'abandoned',
  EXECUTION_CANCELLED: 'cancellation',
  EXECUTION_IN_PROGRESS: 'in progress',
  EXECUTION_RELEASED: 'release',
  EXECUTION_TIMEOUT: 'time-out',
  FINGERPRINT_MISMATCH: 'mismatch',
  HTTP_FAILURE: 'failed',
  INVALID_ARGUMENT: 'invalid argument',
  JOB_LOCK_LOST: 'lost',
  LEASE_LOST: 'lost',
  LOAD_TIMEOUT: 'load',
  LOCK_ABORTED: 'abort',
  LOCK_TIMEOUT: 'lock',
  NOT_REPLICATED: 'durability',
  RECORD_UNREADABLE: 'record',
  RESULT_NOT_STORED: 'result',
  RESULT_TOO_LARGE: 'result',
  SELF_DEADLOCK: 'self-deadlock',
  STORAGE_REFUSED: 'refused',
  STORAGE_UNAVAILABLE: 'outage',
  WAIT_ABORTED: 'abort',
}

const root = resolve(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const [above = '', glossary = ''] = read('docs/concepts.md').split('\n## Glossary\n')
const rows = new Map(
  Array.from(glossary.matchAll(/^\| \*\*(.+)\*\* \| (.+) \|$/gm), ([, term = '', meaning = '']) => [
    term,
    meaning,
  ]),
)
const terms = [...rows.keys()]

describe('the glossary', () => {
  it('is in alphabetical order', () => {
    expect(terms.length).toBeGreaterThan(50)
    expect(terms).toEqual(terms.toSorted((one, other) => one.localeCompare(other, 'en')))
  })

  it.each(Object.entries(TERMS))('explains the word %s by %s', (word, term) => {
    const meaning = rows.get(term)
    expect(meaning, `there is no ${term}`).toBeDefined()
    if (word !== term) expect(meaning).toContain(`\`${word}\``)
  })

  it.each(Object.entries(CODES))('names the code %s at %s', (code, term) => {
    expect(rows.get(term)).toContain(`\`${code}\``)
  })

  it('has no word that is used nowhere else', () => {
    const documents = globSync(['docs/**/*.md', 'packages/*/README.md'], { cwd: root })
    const texts = [
      above,
      ...documents.filter((file) => file !== 'docs/concepts.md').map(read),
      ...globSync('packages/core/src/**/*.ts', { cwd: root }).map(read),
    ]
    const all = texts.join('\n').toLowerCase()
    // `INVALID_ARGUMENT`, `in progress`, `timeout`
    const spellings = (term: string): string[] =>
      [' ', '_', '-', ''].map((blank) => term.replace(/[ -]/, blank))
    const used = (term: string): boolean => spellings(term).some((spelling) => all.includes(spelling))
    expect(terms.filter((term) => !used(term))).toEqual([])
  })

  it('has every word that the page explains above it', () => {
    const explained = Array.from(above.matchAll(/\*\*([^*]+)\*\*/g), ([, word = '']) => word.toLowerCase())
    expect(explained.length).toBeGreaterThan(20)
    expect(explained.filter((word) => !rows.has(word))).toEqual([])
  })
})

it('docs/features/http.md has every code of an answer', () => {
  const page = read('docs/features/http.md')
  const codes = Object.keys(CODES_OF_ALL).filter((code) => code.startsWith('IDEMPOTENCY_'))
  expect(codes.length).toBeGreaterThan(5)
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([])
})
