import { closest, distance } from 'fastest-levenshtein'
import * as z from 'zod'
import type { WorldOptions } from '../live/options.ts'
import { HANGFIRE_KEYS, hangfireOf, hangfireProblems } from './hangfire-configuration.ts'
import { LIFE_KEYS, lifeOf, lifeProblems } from './life-configuration.ts'
import { MODEL_KEYS, modelOf, modelProblems } from './model-configuration.ts'
import { milliseconds, number, oneOf, yesOrNo } from './values.ts'

/** Where a value comes from: what stands first wins. */
export interface Sources {
  readonly commandLine: Values
  readonly environment: Values
  /** Absent: there is no file. */
  readonly file?: { readonly path: string; readonly values: Values }
}

export type Values = Readonly<Record<string, string | undefined>>

/** What `npm run demo` serves the page with. */
export interface Configuration {
  readonly host: string
  /** Undefined: the usual one, or any other when that is taken. */
  readonly port: number | undefined
  /** Names of this machine, for browsers that use one. */
  readonly names: readonly string[]
  readonly opensBrowser: boolean
  /** Undefined: a new one at each start. */
  readonly token: string | undefined
  readonly redisUrl: string | undefined
  /** So long the end of a step of the tour stands until the next begins by itself. Null: until a visitor goes on. */
  readonly readingMs: number | null
  readonly world: WorldOptions
}

/** The values are wrong; the message has a line for each, for the person who wrote them. */
export class ConfigurationError extends Error {
  readonly code = 'WRONG_CONFIGURATION'
}

const text = z.string()

/** No message shows what is in it: it may have a password. */
const redisUrls = z
  .string()
  .refine((urls) => urls.split(',').every((url) => /^rediss?:\/\/[^/]/.test(url) && URL.canParse(url)), {
    error:
      'cannot be read: write redis://[user:password@]host[:port], of a cluster those of its nodes with commas ' +
      'between them, with %40 for @, %2F for / and %23 for # in a password',
  })

const NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i

/** Every key of the file, and of the environment. `aireview.env.example` explains each. */
export const KEYS = z.object({
  AIREVIEW_HOST: text.default('127.0.0.1'),
  AIREVIEW_PORT: number(0, 65_535, 'a port', 4747).optional(),
  AIREVIEW_NAMES: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== ''))
    .refine((names) => names.every((name) => NAME.test(name)), {
      error: 'must be names with commas between them, without a port, such as demo.example.org',
    }),
  AIREVIEW_READING_MS: milliseconds(0, 600_000, 20_000).default(20_000),
  AIREVIEW_OPEN: yesOrNo.default(true),
  AIREVIEW_TOKEN: z
    .string()
    .regex(/^[\w-]{16,200}$/, 'must have at least 16 characters, of letters, digits, - and _')
    .optional(),
  AIREVIEW_INSTANCES: number(1, 12, 'a number', 3).default(3),
  AIREVIEW_CLIENT: oneOf(['mixed', 'ioredis', 'node-redis', 'memory']).default('mixed'),
  AIREVIEW_FRAMEWORK: oneOf(['mixed', 'fastify', 'nest']).default('mixed'),
  AIREVIEW_CLUSTER: yesOrNo.default(false),
  AIREVIEW_SAMPLE: yesOrNo.default(false),
  AIREVIEW_REPOSITORY: text.optional(),
  AIREVIEW_BASE: text.optional(),
  AIREVIEW_HEAD: text.optional(),
  AIREVIEW_FOLDER: text.optional(),
  AIREVIEW_LEASE_MS: milliseconds(2_000, 60_000, 5_000).default(5_000),
  AIREVIEW_PACE_MS: milliseconds(0, 60_000, 500).default(500),
  AIREVIEW_RESTART_MS: milliseconds(0, 600_000, 8_000).default(8_000),
  ...LIFE_KEYS,
  ...MODEL_KEYS,
  ...HANGFIRE_KEYS,
  REDIS_URL: redisUrls.optional(),
})

type Read = z.infer<typeof KEYS>

const OURS = Object.keys(KEYS.shape)
const PREFIX = 'AIREVIEW_'

/** @throws ConfigurationError that names every key that is wrong, where it stands, and what to write */
export function readConfiguration(sources: Sources): Configuration {
  const { commandLine, environment, file } = sources
  const set = { ...given(file?.values), ...given(environment), ...given(commandLine) }
  const place = (key: string): string => placeOf(key, sources)
  const { success, data, error } = KEYS.safeParse(set)
  const problems = [
    ...(error?.issues.map(({ path, message }) => `${place(path.join('.'))} ${message}`) ?? []),
    ...(success ? problemsTogether(data, set) : []),
    ...Object.keys(given(file?.values)).flatMap((key) => unknown(key, file?.path)),
    ...Object.keys(given(environment))
      .filter((key) => key.startsWith(PREFIX))
      .flatMap((key) => unknown(key, undefined)),
  ]
  if (!success || problems.length > 0) throw new ConfigurationError(problems.join('\n'))
  return configurationOf(data)
}

const SECRETS = [
  'AIREVIEW_TOKEN',
  'AIREVIEW_MODEL_KEY',
  'AIREVIEW_WEBHOOK_SECRET',
  'AIREVIEW_HANGFIRE_URL',
] as const

/** What has been read is not left to the programs that this one starts. */
export function forgetSecrets(environment: Record<string, string | undefined>): void {
  for (const key of SECRETS) delete environment[key]
}

/** One that is empty counts as not set. */
function given(values: Values = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
    ),
  )
}

function placeOf(key: string, { commandLine, environment, file }: Sources): string {
  if (given(commandLine)[key] !== undefined) return `${key}, by an option,`
  if (given(environment)[key] !== undefined) return key
  return `${key} in ${file?.path ?? 'the file'}`
}

function unknown(key: string, path: string | undefined): readonly string[] {
  if (OURS.includes(key)) return []
  const where = path === undefined ? key : `${key} in ${path}`
  const near = closest(key, OURS)
  const advice = distance(key, near) <= 3 ? `did you mean ${near}?` : `there are ${OURS.join(', ')}`
  return [`${where} is not read: ${advice}`]
}

/** Values that are right alone, and not beside each other. */
function problemsTogether(read: Read, set: Readonly<Record<string, string>>): readonly string[] {
  const isMemory = read.AIREVIEW_CLIENT === 'memory'
  return [
    ...(isMemory && read.AIREVIEW_CLUSTER
      ? ['AIREVIEW_CLIENT is memory, which needs no Redis: leave AIREVIEW_CLUSTER out']
      : []),
    ...(isMemory && set['AIREVIEW_INSTANCES'] !== undefined && read.AIREVIEW_INSTANCES !== 1
      ? ['AIREVIEW_CLIENT is memory, which is one instance in one process: leave AIREVIEW_INSTANCES out']
      : []),
    ...(read.AIREVIEW_SAMPLE && read.AIREVIEW_REPOSITORY !== undefined
      ? ['AIREVIEW_SAMPLE is yes, and AIREVIEW_REPOSITORY names another repository: leave one of them out']
      : []),
    ...(read.AIREVIEW_CLUSTER && read.REDIS_URL !== undefined
      ? ['AIREVIEW_CLUSTER starts a cluster, and REDIS_URL names a server: leave one of them out']
      : []),
    ...lifeProblems(read),
    ...modelProblems(read),
    ...hangfireProblems(read, isMemory, set),
  ]
}

function configurationOf(read: Read): Configuration {
  const { AIREVIEW_CLIENT: client, AIREVIEW_FRAMEWORK: framework } = read
  const isMemory = client === 'memory'
  const model = modelOf(read)
  const hangfire = hangfireOf(read)
  const storage = isMemory ? 'memory' : read.AIREVIEW_CLUSTER ? 'cluster' : 'redis'
  return {
    host: read.AIREVIEW_HOST,
    port: read.AIREVIEW_PORT,
    names: read.AIREVIEW_NAMES,
    opensBrowser: read.AIREVIEW_OPEN,
    token: read.AIREVIEW_TOKEN,
    redisUrl: read.REDIS_URL,
    readingMs: read.AIREVIEW_READING_MS === 0 ? null : read.AIREVIEW_READING_MS,
    world: {
      storage,
      instances: isMemory ? 1 : read.AIREVIEW_INSTANCES,
      sample: read.AIREVIEW_SAMPLE,
      leaseMs: read.AIREVIEW_LEASE_MS,
      ...lifeOf(read),
      paceMs: read.AIREVIEW_PACE_MS,
      restartAfterMs: read.AIREVIEW_RESTART_MS === 0 ? null : read.AIREVIEW_RESTART_MS,
      ...(isMemory || client === 'mixed' ? {} : { client }),
      ...(framework === 'mixed' ? {} : { framework }),
      ...(model === undefined ? {} : { model }),
      ...(hangfire === undefined ? {} : { hangfire }),
      ...(read.AIREVIEW_REPOSITORY === undefined ? {} : { repo: read.AIREVIEW_REPOSITORY }),
      ...(read.AIREVIEW_BASE === undefined ? {} : { base: read.AIREVIEW_BASE }),
      ...(read.AIREVIEW_HEAD === undefined ? {} : { head: read.AIREVIEW_HEAD }),
      ...(read.AIREVIEW_FOLDER === undefined ? {} : { folder: read.AIREVIEW_FOLDER }),
    },
  }
}
