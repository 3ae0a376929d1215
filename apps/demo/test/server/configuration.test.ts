import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { describe, it } from 'vitest'
import { MODEL_DEFAULTS } from '../../src/model/model-settings.ts'
import { KEYS, type Sources, forgetSecrets, readConfiguration } from '../../src/server/configuration.ts'
import { readConfigurationFile } from '../../src/server/configuration-file.ts'
import { temporaryFolder } from '../repository.ts'

const read = (sources: Partial<Sources>) =>
  readConfiguration({ commandLine: {}, environment: {}, ...sources })

const EXAMPLE = resolve(import.meta.dirname, '../../aireview.env.example')
const exampleValues = () => parseEnv(readFileSync(EXAMPLE, 'utf8').replaceAll(/^#(?=[A-Z_]+=)/gm, ''))

describe.concurrent('the configuration', () => {
  it('needs nothing', ({ expect }) => {
    expect(read({})).toEqual({
      host: '127.0.0.1',
      port: undefined,
      names: [],
      opensBrowser: true,
      token: undefined,
      redisUrl: undefined,
      readingMs: 20_000,
      world: {
        storage: 'redis',
        instances: 3,
        sample: false,
        windowMs: 300_000,
        cleanUp: { schedule: '0 * * * * *', keepMs: 600_000 },
        leaseMs: 5_000,
        paceMs: 500,
        restartAfterMs: 8_000,
      },
    })
  })

  it('has 0 for a tour that goes on only when a visitor does, and for instances that stay gone', ({
    expect,
  }) => {
    expect(read({ environment: { AIREVIEW_READING_MS: '0', AIREVIEW_RESTART_MS: '0' } })).toMatchObject({
      readingMs: null,
      world: { restartAfterMs: null },
    })
  })

  it('takes an option before a variable, and that before the file', ({ expect }) => {
    const file = {
      path: 'x.env',
      values: { AIREVIEW_PORT: '1', AIREVIEW_HOST: 'a', AIREVIEW_INSTANCES: '2' },
    }
    const environment = { AIREVIEW_PORT: '2', AIREVIEW_HOST: 'b', AIREVIEW_INSTANCES: '' }
    expect(read({ file, environment, commandLine: { AIREVIEW_PORT: '3' } })).toMatchObject({
      port: 3,
      host: 'b',
      world: { instances: 2 },
    })
  })

  it.for([
    [{ AIREVIEW_PORT: 'x' }, 'AIREVIEW_PORT is "x": write a port from 0 to 65535, such as 4747'],
    [{ AIREVIEW_PORT: '70000' }, 'AIREVIEW_PORT is "70000": write a port from 0 to 65535, such as 4747'],
    [{ AIREVIEW_OPEN: 'true' }, 'AIREVIEW_OPEN is "true": write yes or no'],
    [
      { AIREVIEW_CLIENT: 'redis' },
      'AIREVIEW_CLIENT is "redis": write mixed or ioredis or node-redis or memory',
    ],
    [{ AIREVIEW_PROT: '1' }, 'AIREVIEW_PROT is not read: did you mean AIREVIEW_PORT?'],
    [{ AIREVIEW_COLOUR_SCHEME: 'dark' }, 'AIREVIEW_COLOUR_SCHEME is not read: there are AIREVIEW_HOST, '],
    [{ AIREVIEW_TOKEN: 'short' }, 'AIREVIEW_TOKEN must have at least 16 characters'],
    [{ AIREVIEW_NAMES: 'a,b:80' }, 'AIREVIEW_NAMES must be names with commas between them'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL cannot be read: write redis://'],
    [
      { AIREVIEW_CLIENT: 'memory', AIREVIEW_CLUSTER: 'yes' },
      'AIREVIEW_CLIENT is memory, which needs no Redis: leave AIREVIEW_CLUSTER out',
    ],
    [
      { AIREVIEW_CLIENT: 'memory', AIREVIEW_INSTANCES: '3' },
      'AIREVIEW_CLIENT is memory, which is one instance in one process: leave AIREVIEW_INSTANCES out',
    ],
    [
      { AIREVIEW_SAMPLE: 'yes', AIREVIEW_REPOSITORY: '.' },
      'AIREVIEW_SAMPLE is yes, and AIREVIEW_REPOSITORY names another repository',
    ],
    [
      { AIREVIEW_CLUSTER: 'yes', REDIS_URL: 'redis://x' },
      'AIREVIEW_CLUSTER starts a cluster, and REDIS_URL names a server',
    ],
    [
      { AIREVIEW_MODEL_URL: 'http://localhost:1/v1' },
      'AIREVIEW_MODEL_KEY is not set, and AIREVIEW_MODEL_URL is: a model needs AIREVIEW_MODEL_URL, AIREVIEW_MODEL_KEY',
    ],
    [
      { AIREVIEW_MODEL_STUB: 'yes', AIREVIEW_MODEL: 'm' },
      'AIREVIEW_MODEL_STUB answers in place of a model, and AIREVIEW_MODEL names one: leave one of them out',
    ],
    [
      { AIREVIEW_HANGFIRE_URL: 'localhost:6379' },
      'AIREVIEW_HANGFIRE_URL cannot be read: write redis://[user:password@]host[:port][/database] of one server',
    ],
    [{ AIREVIEW_HANGFIRE_URL: 'redis://a,redis://b' }, 'AIREVIEW_HANGFIRE_URL cannot be read: '],
    [{ AIREVIEW_HANGFIRE_URL: 'redis://a/one' }, 'AIREVIEW_HANGFIRE_URL cannot be read: '],
    [
      { AIREVIEW_HANGFIRE_URL: 'redis://a', AIREVIEW_CLIENT: 'memory' },
      'AIREVIEW_CLIENT is memory, which is one process without Redis, and AIREVIEW_HANGFIRE_URL shares jobs by Redis',
    ],
    [
      { AIREVIEW_HANGFIRE_DASHBOARD: 'https://jobs.example.org' },
      'AIREVIEW_HANGFIRE_DASHBOARD is set, and AIREVIEW_HANGFIRE_URL is not',
    ],
    [
      { AIREVIEW_HANGFIRE_URL: 'redis://a', AIREVIEW_HANGFIRE_DASHBOARD: 'javascript:alert(1)' },
      'AIREVIEW_HANGFIRE_DASHBOARD cannot be read: write the address of the dashboard',
    ],
    [{ AIREVIEW_MODEL_KEY: 'a key' }, 'AIREVIEW_MODEL_KEY must have at least 6 characters, without spaces'],
    [
      { AIREVIEW_MODEL_INPUT_PRICE: '$2' },
      'AIREVIEW_MODEL_INPUT_PRICE is "$2": write dollars from 0 to 10000, such as 0.25',
    ],
  ] as const)('of %j is refused with the key and the fix', ([environment, message], { expect }) => {
    expect(() => read({ environment })).toThrow(message)
  })

  it('names every fault, and where it stands', ({ expect }) => {
    const file = { path: 'x.env', values: { AIREVIEW_LEASE_MS: '5s', COLOUR: 'red' } }
    const commandLine = { AIREVIEW_PORT: 'x' }
    const problems = (() => {
      try {
        read({ file, commandLine, environment: { HOME: '/', COLOUR: 'blue', AIREVIEW_OPEN: 'maybe' } })
        return []
      } catch (error) {
        return (error as Error).message.split('\n')
      }
    })()
    expect(problems).toEqual([
      expect.stringMatching(/^AIREVIEW_PORT, by an option, is "x": /),
      expect.stringMatching(/^AIREVIEW_OPEN is "maybe": /),
      expect.stringMatching(/^AIREVIEW_LEASE_MS in x.env is "5s": write milliseconds/),
      expect.stringMatching(/^COLOUR in x.env is not read: there are /),
    ])
  })

  it('shows no password', ({ expect }) => {
    expect(() => read({ environment: { REDIS_URL: 'redis:/user:hush@host' } })).not.toThrow('hush')
    expect(() => read({ environment: { REDIS_URL: 'redis:/user:hush@host' } })).toThrow('REDIS_URL')
  })

  it('shows no key of a model', ({ expect }) => {
    for (const environment of [
      { AIREVIEW_MODEL_KEY: 'sk-hush hush' },
      { AIREVIEW_MODEL_KEY: 'sk-hush-hush' },
      { AIREVIEW_MODEL_URL: 'https://sk-hush@host/v1' },
    ]) {
      expect(() => read({ environment })).not.toThrow('hush')
      expect(() => read({ environment })).toThrow('AIREVIEW_MODEL_')
    }
  })

  it('leaves no secret to the programs that are started', ({ expect }) => {
    const environment = { ...exampleValues(), PATH: '/bin' }
    forgetSecrets(environment)
    const left = Object.keys(environment)
    expect(left.filter((key) => /KEY|SECRET|TOKEN$/.test(key))).toEqual([])
    expect(left).toEqual(expect.arrayContaining(['PATH', 'REDIS_URL', 'AIREVIEW_MODEL_URL']))
  })

  it('asks a model when all of it is there', ({ expect }) => {
    const environment = {
      AIREVIEW_MODEL_URL: 'https://api.example.org/v1/',
      AIREVIEW_MODEL_KEY: 'sk-hush-hush',
      AIREVIEW_MODEL: 'm',
      AIREVIEW_MODEL_OUTPUT_PRICE: '0.5',
    }
    expect(read({ environment }).world.model).toEqual({
      ...MODEL_DEFAULTS,
      url: 'https://api.example.org/v1',
      key: 'sk-hush-hush',
      model: 'm',
      outputPrice: 0.5,
    })
    expect(read({ commandLine: { AIREVIEW_MODEL_STUB: 'yes' } }).world.model).toMatchObject({ stub: true })
  })

  it('names a Hangfire, on a cluster as well', ({ expect }) => {
    const environment = {
      AIREVIEW_CLUSTER: 'yes',
      AIREVIEW_HANGFIRE_URL: 'rediss://user:hush@host:6380/2',
      AIREVIEW_HANGFIRE_DASHBOARD: 'https://jobs.example.org/hangfire/',
    }
    expect(read({ environment }).world).toMatchObject({
      storage: 'cluster',
      hangfire: {
        url: 'rediss://user:hush@host:6380/2',
        prefix: '{hangfire}:',
        dashboard: 'https://jobs.example.org/hangfire',
      },
    })
    expect(() => read({ environment: { AIREVIEW_HANGFIRE_URL: 'redis:/user:hush@host' } })).not.toThrow(
      'hush',
    )
  })

  it('of memory storage is one instance without Redis', ({ expect }) => {
    expect(read({ environment: { AIREVIEW_CLIENT: 'memory' } }).world).toMatchObject({
      storage: 'memory',
      instances: 1,
    })
  })
})

describe.concurrent('the example of the file', () => {
  it('has every key, and no other', ({ expect }) => {
    expect(Object.keys(exampleValues()).toSorted()).toEqual(Object.keys(KEYS.shape).toSorted())
  })

  it('shows the values that are taken without it, where there are any', ({ expect }) => {
    const without = KEYS.parse({}) as Record<string, unknown>
    const shown = KEYS.parse(exampleValues()) as Record<string, unknown>
    const isText = (key: string): boolean => key !== 'AIREVIEW_NAMES' && without[key] !== undefined
    const keys = Object.keys(KEYS.shape).filter(isText)
    expect(keys).toHaveLength(22)
    for (const key of keys) expect([key, shown[key]]).toEqual([key, without[key]])
  })

  it('sets nothing as it is', ({ expect }) => {
    expect(parseEnv(readFileSync(EXAMPLE, 'utf8'))).toEqual({})
  })
})

describe.concurrent('the file', () => {
  it('that is named must be there', ({ expect }) => {
    expect(() => readConfigurationFile('/nowhere/x.env')).toThrow('There is no file /nowhere/x.env.')
  })

  it('is read as KEY=value, with comments', ({ expect, onTestFinished }) => {
    const path = join(temporaryFolder(onTestFinished), 'x.env')
    writeFileSync(path, '# A comment\n\nAIREVIEW_PORT=80\n  AIREVIEW_HOST = "::1" # here\n')
    expect(readConfigurationFile(path)?.values).toEqual({ AIREVIEW_PORT: '80', AIREVIEW_HOST: '::1' })
  })

  it('says which line cannot be read', ({ expect, onTestFinished }) => {
    const path = join(temporaryFolder(onTestFinished), 'x.env')
    writeFileSync(path, '# A comment\nAIREVIEW_PORT: 80\n')
    expect(() => readConfigurationFile(path)).toThrow(
      /^Line 2 of .*x\.env cannot be read: write KEY=value\.$/,
    )
  })
})
