import type { FindingLevel } from '../check/finding-codes.ts'
import type { Finding } from '../check/findings.ts'
import type { CheckReport } from '../check/report.ts'

/** A report for people. */
export function checkText(where: string, report: CheckReport): string {
  const { prefix, redis, isFound, elsewhere, findings } = report
  const version = redis.version === null ? '' : `, Redis ${redis.version}`
  const blocks = [
    [`${where}${redis.isCluster ? ', a cluster' : version}, prefix ${prefix}`],
    isFound ? contents(report) : places(elsewhere),
    ...findings.map(findingLines),
    [summary(findings)],
  ]
  return `${blocks.flatMap((lines) => (lines.length === 0 ? [] : [lines.map(printable).join('\n')])).join('\n\n')}\n`
}

function contents({
  dialect,
  servers,
  queues,
  statistics: counts,
  lookedAt,
}: CheckReport): readonly string[] {
  const { entries, ofEntries, keys, allKeys } = lookedAt
  return [
    ...column('dialect', [
      `dates ${dateNames[dialect.dates ?? 'none']}, type names ${dialect.typeNames ?? 'not known'}`,
    ]),
    ...column(
      'servers',
      servers.map(
        ({ id, runtime, queues: names, silentForMs }) =>
          `${id} (${runtime}), ${silentForMs === undefined ? 'no sign of life' : `last seen ${age(silentForMs)} ago`}, on ${names.join(', ') || 'no queue'}`,
      ),
    ),
    ...column(
      'queues',
      queues.map(
        ({ name, length, fetched, servers: listening }) =>
          `${name}: ${length} waiting, ${fetched} fetched, ${counted(listening, 'server')}`,
      ),
    ),
    ...column('jobs', [
      (['enqueued', 'scheduled', 'processing', 'failed', 'succeeded', 'deleted', 'recurring'] as const)
        .map((name) => `${counts[name] ?? '?'} ${name}`)
        .join(', '),
    ]),
    ...column('looked at', [
      `${entries} of ${counted(ofEntries, 'entry', 'entries')} of lists; ${counted(keys, 'key')}${allKeys ? ', which are all' : ''}`,
    ]),
  ]
}

const dateNames = {
  ms: 'in milliseconds (compatibility level 170 and up)',
  iso: 'in ISO 8601 (compatibility level 110)',
  none: 'not known',
} as const

const PLACES = 20

function places(elsewhere: CheckReport['elsewhere']): readonly string[] {
  const shown = elsewhere
    .slice(0, PLACES)
    .map(({ database, prefix }) => `It looks like Hangfire in database ${database} with --prefix '${prefix}'`)
  const more = elsewhere.length - shown.length
  return more > 0 ? [...shown, `and in ${more} more places`] : shown
}

function findingLines({ level, code, message, advice, count, subjects }: Finding): readonly string[] {
  const more = count - subjects.length
  return [
    `${level.toUpperCase()} ${code}${count > 1 ? `, ${count} times` : ''}`,
    `  ${message}.`,
    ...subjects.map((subject) => `    ${subject}`),
    ...(more > 0 ? [`    and ${more} more`] : []),
    `  ${advice}`,
  ]
}

function summary(findings: readonly Finding[]): string {
  const of = (wanted: FindingLevel): number => findings.filter(({ level }) => level === wanted).length
  return `${counted(of('error'), 'error')}, ${counted(of('warning'), 'warning')}, ${counted(of('note'), 'note')}`
}

function column(name: string, lines: readonly string[]): readonly string[] {
  const [first = 'none', ...rest] = lines
  return [`${name.padEnd(11)}${first}`, ...rest.map((line) => `${' '.repeat(11)}${line}`)]
}

function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

function age(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`
}

/** Stored text could otherwise command a terminal. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
