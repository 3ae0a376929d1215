import { parseArgs } from 'node:util'
import { CLIENTS, type ClientName, describeTarget, openRedis, parseRedisUrl } from '@holdfast/redis-connect'
import { checkHangfire } from '../check/check.ts'
import { checkText } from './check-text.ts'
import { Exit, exitCodes } from './exit.ts'
import { wholeNumber } from './whole-number.ts'

/** `holdfast-hangfire check`. */
export async function check(args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      prefix: { type: 'string', default: '{hangfire}:' },
      json: { type: 'boolean', default: false },
      client: { type: 'string' },
      jobs: { type: 'string', default: '1000' },
      scan: { type: 'string', default: '20000' },
      'settle-ms': { type: 'string', default: '1000' },
      'timeout-ms': { type: 'string', default: '10000' },
    },
  })
  const [url = process.env.REDIS_URL ?? '', ...more] = positionals
  if (url === '') throw new Exit(exitCodes.badUse, 'check takes the URL of Redis, or has it in REDIS_URL.')
  if (more.length > 0) throw new Exit(exitCodes.badUse, 'check takes one URL.')
  const number = (name: 'jobs' | 'scan' | 'settle-ms' | 'timeout-ms', least: number): number =>
    wholeNumber(`--${name}`, values[name], least)
  const target = parseRedisUrl(url)
  const how = { client: clientOf(values.client), timeoutMs: number('timeout-ms', 1) }
  const limits = { jobs: number('jobs', 1), scan: number('scan', 0), settleMs: number('settle-ms', 0) }
  const { client, end } = await openRedis(target, how)
  try {
    const report = await checkHangfire(client, {
      prefix: values.prefix,
      database: target.database,
      ...limits,
      openDatabase: async (database) => await openRedis({ ...target, database }, how),
    })
    const isFine = report.findings.every(({ level }) => level === 'note')
    return {
      code: isFine ? exitCodes.fine : exitCodes.findings,
      out: values.json ? `${JSON.stringify(report, null, 2)}\n` : checkText(describeTarget(target), report),
    }
  } finally {
    end()
  }
}

function clientOf(name: string | undefined): ClientName | undefined {
  const client = CLIENTS.find((each) => each === name)
  if (client !== undefined || name === undefined) return client
  throw new Exit(exitCodes.badUse, `--client must be ${CLIENTS.join(' or ')}.`)
}
