/**
 * Holds any server that serves the contract against the cases: `node --conditions=@holdfast/source http-kit/src/main.ts
 * --url http://127.0.0.1:3000 [--second http://127.0.0.1:3001] [--with events,openapi,multipart,compression]`.
 */
import { parseArgs } from 'node:util'
import { type RunnableTarget, runHttpCases } from './run.ts'

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    second: { type: 'string' },
    with: { type: 'string', default: '' },
  },
})
const { url, second } = values
if (url === undefined) throw new Error('--url is missing: where does the app listen?')

const served = new Set(values.with.split(','))
const target: RunnableTarget = {
  url,
  ...(second === undefined ? {} : { second: async () => ({ url: second, close: async () => undefined }) }),
  ...(served.has('events') ? { events: true } : {}),
  ...(served.has('openapi') ? { openapi: true } : {}),
  ...(served.has('multipart') ? { multipart: true } : {}),
  ...(served.has('compression') ? { compression: true } : {}),
  close: async () => undefined,
}

const counts = { passed: 0, failed: 0, notApplicable: 0 }
await runHttpCases(target, ({ id, title }, outcome) => {
  counts[outcome.status] += 1
  const note = outcome.status === 'notApplicable' ? ` (${outcome.reason})` : ''
  console.log(`${outcome.status.padEnd(13)} ${id.padEnd(4)} ${title}${note}`)
  if (outcome.status === 'failed') console.log(outcome.error)
})
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.notApplicable} not applicable`)
process.exitCode = counts.failed === 0 ? 0 : 1
