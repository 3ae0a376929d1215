import { HangfireUnsupportedError } from '../errors.ts'
import type { Fields } from '../wire/fields.ts'
import { pagesBrokenByRecurringJob } from '../wire/page-rules.ts'
import { type StoredRecurringJob, decodeRecurringJob } from '../wire/recurring.ts'
import { looksLikeInterface, parseTypeName } from '../wire/type-name.ts'
import type { Findings } from './findings.ts'
import type { JobsLook } from './jobs.ts'

/** @returns the hashes of those that were looked at, of which there are `limit` at most */
export async function checkRecurring(
  { reader, keys, dotNetQueues, findings, found }: JobsLook,
  limit: number,
): Promise<readonly Fields[]> {
  const members = await reader.zset(keys.recurringJobs, 0, limit - 1, found)
  const hashes: Fields[] = []
  for (let from = 0; from < members.length; from += AT_A_TIME) {
    const some = members.slice(from, from + AT_A_TIME)
    hashes.push(...(await Promise.all(some.map(([id]) => reader.hash(keys.recurringJob(id), found)))))
  }
  for (const [i, fields] of hashes.entries()) {
    const [id = '', score = 0] = members[i] ?? []
    for (const { page, because } of pagesBrokenByRecurringJob(fields))
      findings.add('BROKEN_PAGE', id, `${page}, since ${because}`)
    for (const name of Object.keys(fields))
      if (!KNOWN.has(name)) findings.add('UNKNOWN_FIELDS', id, `${name} of a recurring job`)
    checkOne(id, score, fields, dotNetQueues, findings)
  }
  return hashes
}

const AT_A_TIME = 100

function checkOne(
  id: string,
  score: number,
  fields: Fields,
  dotNetQueues: ReadonlySet<string>,
  findings: Findings,
): void {
  const job = decoded(fields)
  if (job === 'unsupported') return findings.add('RECURRING_UNSUPPORTED', id)
  if (job?.error !== undefined)
    findings.add(
      'RECURRING_FAILING',
      id,
      score < 0 ? `it has given up. ${short(job.error)}` : short(job.error),
    )
  const { type: text = '', queue = '' } = job?.invocation ?? {}
  const type = parseTypeName(text)
  if (type !== undefined && looksLikeInterface(type) && dotNetQueues.has(queue))
    findings.add('INTERFACE_JOB', id, `${queue}, of a recurring job`)
}

/** Undefined: unreadable, which the rules of the pages have found as far as it matters. */
function decoded(fields: Fields): StoredRecurringJob | 'unsupported' | undefined {
  try {
    return decodeRecurringJob(fields)
  } catch (error) {
    return error instanceof HangfireUnsupportedError ? 'unsupported' : undefined
  }
}

function short(text: string): string {
  const [line = ''] = text.split('\n')
  return line.length > 120 ? `${line.slice(0, 120)}…` : line
}

const KNOWN: ReadonlySet<string> = new Set([
  'Queue',
  'Cron',
  'TimeZoneId',
  'Job',
  'CreatedAt',
  'NextExecution',
  'LastExecution',
  'LastJobId',
  'Misfire',
  'V',
  'Error',
  'RetryAttempt',
])
