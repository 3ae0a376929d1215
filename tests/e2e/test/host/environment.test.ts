/** The environment of examples/host: what is wrong is named with its fix, and the examples of .env say what is true. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { readEnvironment } from '@holdfast/examples/environment'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../../../../examples/host')
const textOf = (kind: string): string => readFileSync(join(folder, `.env.${kind}.example`), 'utf8')
const read = (kind: string): NodeJS.Dict<string> => parseEnv(textOf(kind))

describe('the environment', () => {
  const standard: Readonly<Record<string, string | number | undefined>> = readEnvironment({})

  it.for<readonly [Record<string, string>, ...string[]]>([
    [{ REDIS_ULR: 'x' }, 'REDIS_ULR is not read: did you mean REDIS_URL?'],
    [{ REDDIS_URL: 'x' }, 'REDDIS_URL is not read: did you mean REDIS_URL?'],
    [{ REDIS_PASWORD: 'x' }, 'REDIS_PASWORD is not read: did you mean REDIS_PASSWORD?'],
    [{ HOLDFAST_LEASE: 'x' }, 'HOLDFAST_LEASE is not read: there are ', 'HOLDFAST_LEASE_MS'],
    [{ HOLDFAST_PREFX: 'x' }, 'HOLDFAST_PREFX is not read: did you mean HOLDFAST_PREFIX?'],
    [{ REDIS_HOST: 'x' }, 'REDIS_HOST is not read: put it into REDIS_URL'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL cannot be read: write redis://'],
    [{ REDIS_URL: 'redis://:se/cret@h' }, 'REDIS_URL cannot be read: write redis://', '%2F for /'],
    [
      { HOLDFAST_LEASE_MS: '30s' },
      'HOLDFAST_LEASE_MS is "30s": write milliseconds, a whole number from 1000',
    ],
    [{ HOLDFAST_LEASE_MS: '30' }, 'HOLDFAST_LEASE_MS is "30": write milliseconds'],
    [{ HOLDFAST_START_CHECK: 'on' }, 'HOLDFAST_START_CHECK is "on": write errors or warnings or off'],
    [{ PORT: 'http' }, 'PORT is "http": write a port from 0 to 65535'],
    [{ NODE_ENV: 'prod' }, 'NODE_ENV is "prod": write development or test or production'],
    [
      { NODE_ENV: 'production' },
      'REDIS_URL is not set, and in production it must be',
      'HOLDFAST_PREFIX is not set, and in production it must be',
    ],
    [
      { PORT: '-1', HOLDFAST_GRACE_MS: 'x', REDIS_TLS: 'yes' },
      'PORT is',
      'HOLDFAST_GRACE_MS is',
      'REDIS_TLS is not',
    ],
  ])('refuses %o', ([variables, ...messages]) => {
    const said = messageOf(() => readEnvironment(variables))
    for (const message of messages) expect(said).toContain(message)
    expect(said).not.toContain('cret')
  })

  it('takes what others set, and what is empty for not set', () => {
    const others = {
      REDIS_PORT: 'tcp://10.0.0.1:6379',
      REDIS_SERVICE_HOST: '10.0.0.1',
      HOSTNAME: 'a',
      POST: 'b',
    }
    const command = { HOLDFAST_REDIS_URL: 'redis://admin@h', HOLDFAST_TIMEOUT_MS: '1' }
    expect(readEnvironment({ ...others, ...command, HOLDFAST_LEASE_MS: '', REDIS_PASSWORD: '' })).toEqual(
      standard,
    )
  })

  it.each(['development', 'production'])('.env.%s.example has every variable with its default', (kind) => {
    const blocks = [...textOf(kind).matchAll(/((?:^#.*\n)+)([A-Z_]+)=/gm)]
    const said = Object.fromEntries(
      blocks.map(([, comment = '', name = '']) => [name, /Default: ([^\s,]+)/.exec(comment)?.[1]]),
    )
    const names = Object.keys(read('development')).sort()
    expect(Object.keys(said).sort()).toEqual(names)
    expect(Object.keys(read(kind)).sort()).toEqual(names)
    // Every variable that is read stands there.
    const list = messageOf(() => readEnvironment({ HOLDFAST_: 'x' }))
    for (const name of [...Object.keys(standard), ...(list.match(/\b[A-Z]+_[A-Z_]*[A-Z]\b/g) ?? [])])
      expect(names).toContain(name)
    for (const name of names) expect(said[name], name).toBe(`${standard[name] ?? 'none'}`)
  })

  it('the examples are right as they stand', () => {
    expect(readEnvironment(read('development'))).toEqual({ ...standard, HOLDFAST_PREFIX: 'shop' })
    expect(readEnvironment(read('production'))).toMatchObject({
      NODE_ENV: 'production',
      REDIS_PASSWORD: 'change-me',
      HOLDFAST_START_CHECK: 'warnings',
    })
  })
})

function messageOf(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was refused')
}
