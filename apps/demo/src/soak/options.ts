import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface SoakOptions {
  readonly minutes: number
  readonly instances: number
  readonly seed: number
  readonly control: boolean
  /** Reviews the bundled sample. */
  readonly sample: boolean
  /** For the database and the logs. */
  readonly out?: string
}

/** The message is for the person who typed it. */
export class UsageError extends Error {
  readonly code = 'USAGE'
}

export const USAGE = `
npm run soak -- [options]

Instances on both frameworks and both clients review real commits, while they
are killed, frozen and cut off, Redis restarts and fails over, and the version
before is deployed and replaced again. Then the database says whether all holds.

  --minutes N     how long (default: 30)
  --instances N   how many (default: 6)
  --seed N        the plan of what is disturbed (default: another each time)
  --control       without the key in the charge's transaction: that must break
  --sample        reviews the bundled sample instead of this repository
  --out DIR       for database and logs (default: apps/demo/.cache/runs)

Exit codes: 0 all holds, 1 an invariant is broken, 3 it is the control and
nothing is broken: then the soak proves nothing. 64 bad use, 70 the soak failed.
Ctrl-C ends it in order, and still judges (130 when all holds).
`.trim()

/** Undefined: the help was asked for. @throws UsageError */
export function readOptions(args: readonly string[], from = process.cwd()): SoakOptions | undefined {
  const values = parsed(args)
  if (values.help === true) return undefined
  return {
    minutes: number('minutes', values.minutes, { from: 0.01, to: 10_000, integer: false }) ?? 30,
    instances: number('instances', values.instances, { from: 2, to: 50, integer: true }) ?? 6,
    seed: number('seed', values.seed, { from: 0, to: 2 ** 31, integer: true }) ?? Date.now() % 1_000_000,
    control: values.control ?? false,
    sample: values.sample ?? false,
    ...(values.out === undefined ? {} : { out: resolve(from, values.out) }),
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: {
        minutes: { type: 'string' },
        instances: { type: 'string' },
        seed: { type: 'string' },
        control: { type: 'boolean' },
        sample: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    const [problem = ''] = (error as Error).message.split(/\.?\s*\n|\. /)
    throw new UsageError(problem)
  }
}

function number(
  name: string,
  text: string | undefined,
  { from, to, integer }: { readonly from: number; readonly to: number; readonly integer: boolean },
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  const isFine = text.trim() !== '' && value >= from && value <= to && (!integer || Number.isInteger(value))
  if (isFine) return value
  throw new UsageError(
    `--${name} takes ${integer ? 'a whole number' : 'a number'} from ${from} to ${to}, not '${text}'`,
  )
}
