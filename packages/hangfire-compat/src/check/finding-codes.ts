/** What `check` can find, and what to do about it. */

/** `error`: something does not work. `warning`: it will not, or may not. `note`: good to know, and no reason to act. */
export type FindingLevel = 'error' | 'warning' | 'note'

export type FindingCode =
  | 'NOTHING_FOUND'
  | 'CLUSTER_WITHOUT_TAG'
  | 'WRONG_TYPE'
  | 'SERVER_WITHOUT_START'
  | 'BROKEN_PAGE'
  | 'ORPHANED_JOB'
  | 'LOCK_WITHOUT_EXPIRY'
  | 'ABANDONED_JOB'
  | 'AWAITING_MEMBERS'
  | 'EVICTION'
  | 'FINISHED_BUT_FETCHED'
  | 'HANGFIRE_PRO'
  | 'INTERFACE_JOB'
  | 'QUEUE_WITHOUT_SERVER'
  | 'RECURRING_FAILING'
  | 'SERVER_SILENT'
  | 'UNLISTED_JOB'
  | 'DIALECT_UNKNOWN'
  | 'IDLE_QUEUE'
  | 'MISSING_JOB'
  | 'MIXED_DIALECT'
  | 'NOT_ALLOWED'
  | 'RECURRING_UNSUPPORTED'
  | 'UNKNOWN_FIELDS'
  | 'UNKNOWN_KEYS'
  | 'UNKNOWN_STATE'

/** Each kind with its level, what it means, and what heals it. `<prefix>` stands for the prefix. */
export const FINDINGS: Readonly<
  Record<FindingCode, readonly [level: FindingLevel, message: string, advice: string]>
> = {
  NOTHING_FOUND: [
    'error',
    'This database has nothing of Hangfire under this prefix',
    'Name the prefix and the database of the .NET application. It ignores defaultDatabase of its connection string when it passes RedisStorageOptions, so look in database 0.',
  ],
  CLUSTER_WITHOUT_TAG: [
    'error',
    'The prefix spreads its keys over the slots of this cluster',
    "Transactions and scripts need them in one: put a hash tag into the prefix, such as '{hangfire}:'.",
  ],
  WRONG_TYPE: [
    'error',
    'A key has another type than Hangfire gives it',
    'What reads it fails, in .NET too. Find the program that wrote it.',
  ],
  SERVER_WITHOUT_START: [
    'error',
    'A member of `servers` has no StartedAt: the watchdog of every .NET server fails, so no dead server is removed any more',
    'If its process runs, restart it. Else SREM <prefix>servers ID, and DEL <prefix>server:ID <prefix>server:ID:queues.',
  ],
  BROKEN_PAGE: [
    'error',
    "A page of .NET's dashboard answers 500",
    'Find the program that wrote this. .NET can still run, requeue or delete the job unless its type is unreadable too.',
  ],
  ORPHANED_JOB: [
    'error',
    'A job is Processing, its server is gone, and no queue and no list of fetched jobs has it: nothing will run it again',
    "Requeue it, from Node or by the dashboard's button, which moves it to `default` unless its method has a [Queue]. Storage 1.12.0 loses jobs so, when it dies between its acknowledgement and its last state.",
  ],
  LOCK_WITHOUT_EXPIRY: [
    'error',
    'A lock never expires, so what waits for it waits for ever',
    "Hangfire's locks last 30 s: another program made it. If nothing holds it, DEL it.",
  ],
  ABANDONED_JOB: [
    'warning',
    'A job is Processing, its server is gone, and it waits for a watcher to requeue it',
    'A server with storage 1.12.0 does so within minutes, one with 1.9.4 when the invisibility timeout is over (30 minutes, unless set). If no server runs, start one.',
  ],
  AWAITING_MEMBERS: [
    'warning',
    "`awaiting` has members, so .NET's page /jobs/awaiting answers 500",
    'The jobs wait and start all the same. From compatibility level 180 on .NET writes no members; ZREM <prefix>awaiting ID is safe for a job that is gone or waits no more.',
  ],
  EVICTION: [
    'warning',
    'Redis may delete jobs and locks when its memory is full',
    'Set maxmemory-policy to noeviction, or give Hangfire a Redis that has it.',
  ],
  FINISHED_BUT_FETCHED: [
    'warning',
    'A list of fetched jobs has a job that is not being processed',
    'A watcher of fetched jobs removes it within minutes. If it stays, no server watches the queue: start one.',
  ],
  HANGFIRE_PRO: [
    'warning',
    'Hangfire.Pro was here, or is',
    'This package leaves batches as they are: let .NET run their jobs, and keep them out of the queues of Node. Hangfire.Pro.Redis, whose default prefix is `hangfire:`, is another storage and not supported.',
  ],
  INTERFACE_JOB: [
    'warning',
    'A job names an interface, and a server of .NET listens on its queue',
    '.NET cannot create an interface: it fails the job, and retries it ten times. Give Node a queue that no .NET server listens on, and the method its [Queue].',
  ],
  QUEUE_WITHOUT_SERVER: [
    'warning',
    'Jobs wait in a queue that no server listens on',
    'Start a server that lists this queue, or move the jobs.',
  ],
  RECURRING_FAILING: [
    'warning',
    'The scheduler could not run a recurring job',
    'After five more tries it stops trying. Repair its cron, time zone or type, and add it again.',
  ],
  SERVER_SILENT: [
    'warning',
    'A server gave no sign of life for five minutes',
    'Its process has ended, stands still, or cannot reach Redis. A server that runs removes it from the list.',
  ],
  UNLISTED_JOB: [
    'warning',
    'A job is Processing, and no queue and no list of fetched jobs has it, though its server lives',
    'It may still run, if an older server removed its entry. Check again when it should have ended; if it is still Processing, requeue it.',
  ],
  DIALECT_UNKNOWN: [
    'note',
    'The data does not show how .NET writes dates or type names here',
    'Start the .NET application once before Node writes, or pass the dialect.',
  ],
  IDLE_QUEUE: ['note', 'No server listens on a queue that is empty', 'Jobs that come will wait.'],
  MISSING_JOB: [
    'note',
    'A queue has the id of a job that is gone',
    'A worker that takes it waits ten seconds for it, and drops it.',
  ],
  MIXED_DIALECT: [
    'note',
    'The data shows two ways to write dates or type names',
    'An upgrade leaves this, or a second application. All of it is read; Node writes as the newest.',
  ],
  NOT_ALLOWED: [
    'note',
    'Redis refused a command that would have shown more',
    'What it shows is missing here. Check with a user that has +@read, +info and +time.',
  ],
  RECURRING_UNSUPPORTED: [
    'note',
    'A recurring job is of a version or mode that this package does not know',
    'It is left as it is. Change it with .NET.',
  ],
  UNKNOWN_FIELDS: [
    'note',
    'A hash has a field that is not of Hangfire',
    'Parameters of your own and of extensions look so. Node leaves them as they are.',
  ],
  UNKNOWN_KEYS: [
    'note',
    'Keys under the prefix are neither of Hangfire nor of Holdfast',
    'Locks of your own names are among them while they are held.',
  ],
  UNKNOWN_STATE: [
    'note',
    'A job is in a state that is not of Hangfire',
    'An extension made it. Node leaves such jobs alone.',
  ],
}
