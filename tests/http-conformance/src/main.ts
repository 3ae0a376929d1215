import { endOnSignals, numberFrom, readFlags, refuse } from '@holdfast/test-support/command'
import { httpCases } from './cases/index.ts'
import { commandTarget } from './command-target.ts'
import { kitRoutes } from './contract.ts'
import { type RunnableTarget, runHttpCases } from './run.ts'
import { type Capabilities, type HttpTarget, capabilities, features } from './target.ts'

const usage = `
node --conditions=@holdfast/source tests/http-conformance/src/main.ts --start 'node app.js' --redis redis://127.0.0.1:6379
node --conditions=@holdfast/source tests/http-conformance/src/main.ts --url http://127.0.0.1:3000

Holds any server that serves the contract (src/contract.ts) against the cases of the Idempotency-Key header. Each case is
marked: D the draft or RFC 8941 demands it, S safety beyond it, O an option or a choice of Holdfast. Exits with 1 when
a case failed.

  --start COMMAND     starts the app, in the foreground; it gets PORT and REDIS_URL. It is started again after a case
                      that failed
  --redis URL         a Redis that is the cases' to spoil. With it the app is also started a second time, killed and
                      paused, and put behind a proxy that loses replies
  --pause, --resume, --kill COMMAND
                      instead of SIGSTOP, SIGCONT and SIGKILL to the processes of --start; they get PID and PORT
  --url URL           an app that runs already, instead of --start
  --second URL        another instance of it
  --with WORDS        what the app can do: events,openapi,multipart,compression,webResponse
  --without WORDS     what it cannot do: routes of the contract, and ${features.join(',')}
  --dialect holdfast  also holds it to Holdfast's own status codes, problem documents and headers
  --only CASES        H7a,H37
  --limit-ms N        a case that has not ended by then has failed (default: 60000)

WORDS and CASES are separated by commas.
`
const flags = readFlags(usage, {
  start: 'string',
  redis: 'string',
  pause: 'string',
  resume: 'string',
  kill: 'string',
  url: 'string',
  second: 'string',
  with: 'string',
  without: 'string',
  dialect: 'string',
  only: 'string',
  'limit-ms': 'string',
})
const limitMs = numberFrom('limit-ms', flags['limit-ms'], { min: 1 }) ?? 60_000
endOnSignals()

const words = (flag: 'with' | 'without' | 'only', known: readonly string[]): string[] => {
  const given = flags[flag]?.split(',').map((word) => word.trim()) ?? []
  const unknown = given.find((word) => !known.includes(word))
  if (unknown !== undefined) refuse(`--${flag} takes some of ${known.join(', ')}, not '${unknown}'`)
  return given
}
if (flags.dialect !== undefined && flags.dialect !== 'holdfast') refuse("--dialect takes 'holdfast'")

const ids = words(
  'only',
  httpCases.map(({ id }) => id),
)
const cases = httpCases.filter(({ id }) => ids.length === 0 || ids.includes(id))
const has: Capabilities = {
  ...Object.fromEntries(words('with', capabilities.slice(5)).map((name) => [name, true])),
  ...(flags.dialect === 'holdfast' ? { dialect: 'holdfast' } : {}),
}
const without = words('without', [...features, ...Object.keys(kitRoutes)])
const missing = Object.fromEntries(without.map((name) => [name, `without ${name}`]))

const target = await targetOf(missing)
const letters = { draft: 'D', safety: 'S', option: 'O' } as const
const counts = { passed: 0, failed: 0, notApplicable: 0 }
await runHttpCases(
  target,
  ({ id, title, demand }, outcome) => {
    counts[outcome.status] += 1
    const note = outcome.status === 'notApplicable' ? ` (${outcome.reason})` : ''
    console.log(`${outcome.status.padEnd(13)} ${letters[demand]} ${id.padEnd(4)} ${title}${note}`)
    if (outcome.status === 'failed') console.log(outcome.error)
  },
  { cases, limitMs },
)
await target.close()
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.notApplicable} not applicable`)
process.exit(counts.failed === 0 ? 0 : 1)

async function targetOf(lacks: NonNullable<HttpTarget['missing']>): Promise<RunnableTarget> {
  const { start, pause, resume, kill, redis, url, second } = flags
  if (start !== undefined) {
    const commands = { start, pause, resume, kill }
    return commandTarget({ commands, redisUrl: redis, has, missing: lacks })
  }
  if (url === undefined)
    refuse('--start or --url is missing: how is the app started, or where does it listen?')
  return {
    ...has,
    url,
    missing: lacks,
    ...(second === undefined ? {} : { second: async () => ({ url: second, close: async () => undefined }) }),
    close: async () => undefined,
  }
}
