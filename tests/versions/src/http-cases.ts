import {
  type CaseOutcome,
  type HttpCase,
  commandTarget,
  httpCases,
  runHttpCases,
} from '@holdfast/test-http-conformance'
import { startRedis } from '@holdfast/test-support/redis'
import { type HttpServer, httpServers } from './http-servers.ts'

/** What hangs on a peer has failed by then; ours may have much else to do beside it. */
const PEER_LIMIT_MS = 20_000
const OUR_LIMIT_MS = 120_000

const LETTERS = { draft: 'D', safety: 'S', option: 'O' } as const

type Column = ReadonlyMap<string, CaseOutcome>

/**
 * The HTTP cases on our own servers and on those of other libraries, each on its own Redis, one after the other.
 * Prints a table; resolves with whether ours passed. What peers do is printed, and is no failure.
 */
export async function httpTable(names: readonly string[]): Promise<boolean> {
  const chosen = httpServers.filter(({ name }) => names.includes(name))
  const columns: [HttpServer, Column][] = []
  for (const server of chosen) columns.push([server, await columnOf(server)])
  console.log(`\n${tableOf(columns)}`)
  return columns.every(
    ([{ isOurs }, column]) => !isOurs || [...column.values()].every(({ status }) => status !== 'failed'),
  )
}

async function columnOf({
  name,
  program,
  isOurs,
  env,
  has,
  missing,
  ownRules = {},
}: HttpServer): Promise<Column> {
  await using redis = await startRedis()
  const column = new Map<string, CaseOutcome>()
  const started = performance.now()
  const target = await commandTarget({
    commands: {
      start: `exec '${process.execPath}' --conditions=@holdfast/source ${program.map((word) => `'${word}'`).join(' ')}`,
    },
    redisUrl: redis.url,
    quiet: true,
    ...(env === undefined ? {} : { env }),
    ...(has === undefined ? {} : { has }),
    ...(missing === undefined ? {} : { missing }),
  })
  const report = ({ id, title }: HttpCase, outcome: CaseOutcome): void => {
    column.set(id, outcome)
    if (outcome.status !== 'failed') return
    const [reason = ''] = String((outcome.error as Error).message).split('\n')
    console.log(`${name} · ${id} ${title}: ${ownRules[id] ?? reason.slice(0, 160)}`)
  }
  await runHttpCases(target, report, { limitMs: isOurs ? OUR_LIMIT_MS : PEER_LIMIT_MS })
  await target.close()
  const seconds = ((performance.now() - started) / 1_000).toFixed(0)
  console.log(`${name}: ${httpCases.length} cases, ${seconds} s`)
  return column
}

/** `✓` passes, `✗` fails, `≠` fails by a rule that its documentation states, `–` is not applicable. */
function signOf({ ownRules = {} }: HttpServer, id: string, outcome: CaseOutcome | undefined): string {
  if (outcome === undefined || outcome.status === 'notApplicable') return '–'
  if (outcome.status === 'passed') return '✓'
  return id in ownRules ? '≠' : '✗'
}

function tableOf(columns: readonly (readonly [HttpServer, Column])[]): string {
  const letters = columns.map((_, n) => 'abcdefgh'.charAt(n))
  const legend = columns.map(([{ name }], n) => `${letters[n]}: ${name}`)
  const rows = httpCases.map(({ id, demand, title }) =>
    [
      id.padEnd(5),
      LETTERS[demand],
      ...columns.map(([server, column]) => signOf(server, id, column.get(id))),
      title,
    ].join(' '),
  )
  const sums = Object.entries(LETTERS).flatMap(([demand, letter]) =>
    columns.map(([server, column]) => {
      const its = httpCases.filter((one) => one.demand === demand)
      const count = (sign: string): number =>
        its.filter(({ id }) => signOf(server, id, column.get(id)) === sign).length
      return `${letter}: ${count('✓')} of ${its.length} pass, ${count('✗')} fail, ${count('≠')} own rule, ${count('–')} not applicable · ${server.name}`
    }),
  )
  return [
    'D the draft or RFC 8941 demands it · S safety beyond it · O an option or a choice of Holdfast',
    '✓ passes · ✗ fails · ≠ fails by a rule of its documentation · – not applicable',
    ...legend,
    ['case ', ' ', ...letters].join(' '),
    ...rows,
    '',
    ...sums,
  ].join('\n')
}
