import { join } from 'node:path'
import type { CommandTargetOptions } from '@holdfast/test-http-conformance'
import { ROOT } from './published.ts'

/** A server of the contract, and what is known of it. */
export interface HttpServer extends Pick<CommandTargetOptions, 'env' | 'has' | 'missing'> {
  readonly name: string
  /** The program, and its arguments. */
  readonly program: readonly string[]
  readonly isOurs: boolean
  /** Cases that it fails by a rule which its documentation states. */
  readonly ownRules?: Readonly<Record<string, string>>
}

const ours = {
  isOurs: true,
  // Where the storage goes away the cases wait for the app to say so.
  env: { CALL_TIMEOUT_MS: '4000' },
  has: {
    dialect: 'holdfast',
    events: true,
    openapi: true,
    webResponse: true,
    multipart: true,
    compression: true,
  },
} as const
const NO_OPTION = 'no such option'

/** Options that none of the peers has. */
const rare = {
  timed: 'Express has no time-out for handlers',
  ...noOption('quoted', 'crowded', 'attempts', 'small', 'buffered', 'open', 'faulty', 'status', 'jobs'),
}
const noLease = 'a claim ends with its record, after 24 h'
const keptErrors = 'errors are kept and replayed, as the draft says'
const forgottenThrows = 'what throws is forgotten'

export const httpServers: readonly HttpServer[] = [
  {
    name: 'Holdfast, Fastify 5',
    program: [join(ROOT, 'packages/fastify/test/kit/kit-process.ts'), 'ioredis'],
    ...ours,
  },
  {
    name: 'Holdfast, Nest 12 on Express',
    program: [join(ROOT, 'packages/nest/test/kit/kit-process.ts'), 'express', 'ioredis'],
    ...ours,
  },
  {
    name: 'express-idempotency 1.0.6',
    program: [join(ROOT, 'tests/versions/http-peers/main.ts'), 'express-idempotency'],
    isOurs: false,
    has: { multipart: true, compression: true },
    missing: {
      ...rare,
      ...noOption('required', 'keyLimit', 'webhook', 'wait', 'impatient'),
      takeover: noLease,
    },
  },
  {
    name: '@node-idempotency/core 1.0.11',
    program: [join(ROOT, 'tests/versions/http-peers/main.ts'), 'node-idempotency'],
    isOurs: false,
    has: { multipart: true, compression: true },
    missing: { ...rare, ...noOption('success'), takeover: noLease },
    ownRules: {
      H40: keptErrors,
      H43a: keptErrors,
      H43b: keptErrors,
      H45c: keptErrors,
      H45d: keptErrors,
      H62: keptErrors,
      H71: keptErrors,
      H73: keptErrors,
      H78: keptErrors,
      H80: keptErrors,
      H82: keptErrors,
    },
  },
  {
    name: '@aws-lambda-powertools/idempotency 2.35.0',
    program: [join(ROOT, 'tests/versions/http-peers/main.ts'), 'powertools'],
    isOurs: false,
    has: { multipart: true, compression: true },
    missing: {
      ...rare,
      ...noOption('wait', 'impatient', 'stripe', 'keyLimit'),
      keySyntax: "the key's syntax is the app's there",
      streams: 'results are JSON values',
      own: 'results are what a handler returns',
      callback: 'results are what a handler returns',
    },
    ownRules: { H44b: forgottenThrows, H46: forgottenThrows, H57c: forgottenThrows, H84: forgottenThrows },
  },
]

function noOption<Name extends string>(...names: Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, NO_OPTION])) as Record<Name, string>
}
