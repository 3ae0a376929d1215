import { closest, distance } from 'fastest-levenshtein'
import * as z from 'zod'

const milliseconds = (standard: number, least: number, most = 86_400_000) =>
  z
    .string()
    .default(String(standard))
    .refine((text) => /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: ({ input }) =>
        `is ${JSON.stringify(input)}: write milliseconds, a whole number from ${least} to ${most}, such as ${standard}`,
    })
    .transform(Number)

const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, {
    error: ({ input }) => `is ${JSON.stringify(input)}: write ${values.join(' or ')}`,
  })

// No message shows what is in it: it may have a password.
const redisUrl = z.string().refine((text) => /^rediss?:\/\/[^/]/.test(text) && URL.canParse(text), {
  error:
    'cannot be read: write redis://[user:password@]host[:port][/database], or rediss:// for TLS, ' +
    'with %40 for @, %2F for / and %23 for # in a password',
})

const VARIABLES = z.object({
  NODE_ENV: oneOf(['development', 'test', 'production']).default('development'),
  HOST: z.string().default('127.0.0.1'),
  PORT: z
    .string()
    .default('3000')
    .refine((text) => /^\d+$/.test(text) && Number(text) <= 65_535, {
      error: ({ input }) => `is ${JSON.stringify(input)}: write a port from 0 to 65535, such as 3000`,
    })
    .transform(Number),
  REDIS_URL: redisUrl.default('redis://localhost:6379'),
  REDIS_PASSWORD: z.string().optional(),
  HOLDFAST_PREFIX: z.string().max(100, 'is longer than 100 characters: take a shorter one').default('app'),
  HOLDFAST_INSTANCE: z.string().optional(),
  HOLDFAST_LEASE_MS: milliseconds(30_000, 1_000),
  HOLDFAST_CALL_TIMEOUT_MS: milliseconds(2_000, 100, 60_000),
  HOLDFAST_GRACE_MS: milliseconds(10_000, 0, 600_000),
  HOLDFAST_START_CHECK: oneOf(['errors', 'warnings', 'off']).default('errors'),
  HOLDFAST_START_WAIT_MS: milliseconds(15_000, 0, 600_000),
})

export type Environment = z.infer<typeof VARIABLES>

/** Where a default would be a trap: two apps in one prefix, or a Redis on the wrong machine. */
const MUST_BE_SET = { production: ['REDIS_URL', 'HOLDFAST_PREFIX'], development: [], test: [] } as const

const OURS = Object.keys(VARIABLES.shape)
const LONG_NAMES = OURS.filter((name) => name.includes('_'))
/** The command `holdfast` reads these; a shell may have both. */
const OF_THE_COMMAND = ['HOLDFAST_REDIS_URL', 'HOLDFAST_REDIS_PASSWORD', 'HOLDFAST_TIMEOUT_MS']
const IN_THE_URL = ['REDIS_HOST', 'REDIS_USER', 'REDIS_USERNAME', 'REDIS_DB', 'REDIS_DATABASE', 'REDIS_TLS']

/** The variables of this process, or an error that names every one that is wrong, with what to do. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  // One that is empty counts as not set.
  const set = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== '' && value !== undefined),
  )
  const { success, data, error } = VARIABLES.safeParse(set)
  const wrong = error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`) ?? []
  const mustBe = success ? MUST_BE_SET[data.NODE_ENV] : []
  const missing = mustBe
    .filter((name) => set[name] === undefined)
    .map((name) => `${name} is not set, and in production it must be`)
  const problems = [...wrong, ...missing, ...Object.keys(set).flatMap(problemOfName)]
  if (!success || problems.length > 0) throw new Error(problems.join('\n'))
  return data
}

/** A name that nothing reads, where it looks as one that something should. */
function problemOfName(name: string): string[] {
  if (OURS.includes(name) || OF_THE_COMMAND.includes(name)) return []
  if (IN_THE_URL.includes(name)) return [`${name} is not read: put it into REDIS_URL`]
  const near = closest(name, LONG_NAMES)
  if (distance(name, near) <= 2) return [`${name} is not read: did you mean ${near}?`]
  // Kubernetes sets REDIS_PORT and more for a service named redis; who else says HOLDFAST_ means us.
  return name.startsWith('HOLDFAST_') ? [`${name} is not read: there are ${LONG_NAMES.join(', ')}`] : []
}
