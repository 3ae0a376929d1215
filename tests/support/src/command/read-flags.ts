import { parseArgs } from 'node:util'

export type Flags = Readonly<Record<string, 'string' | 'boolean'>>

export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]?: F[Name] extends 'string' ? string : boolean
}

/**
 * The flags of a command line. `--help` prints the usage and ends the process with 0; an unknown flag ends it with 2 and
 * one line that names it.
 */
export function readFlags<const F extends Flags>(
  usage: string,
  flags: F,
  args: readonly string[] = process.argv.slice(2),
): FlagValues<F> {
  const all: Flags = { ...flags, help: 'boolean' }
  const options = Object.fromEntries(Object.entries(all).map(([name, type]) => [name, { type }]))
  try {
    // pnpm passes a `--` on.
    const { values } = parseArgs({ args: args.filter((arg) => arg !== '--'), options })
    if (values['help'] !== true) return values as FlagValues<F>
  } catch (error) {
    const [problem = ''] = (error as Error).message.split(/\.?\s*\n|\. /)
    refuse(problem)
  }
  console.log(usage.trim())
  process.exit(0)
}

/** Ends the process with 2 and one line. */
export function refuse(problem: string): never {
  console.error(`${problem} (--help lists the options)`)
  process.exit(2)
}

/** The flag's value as a number of at least `min`, or undefined without the flag. */
export function numberFrom(
  flag: string,
  text: string | undefined,
  { min, integer = true }: { readonly min: number; readonly integer?: boolean },
): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (
    text.trim() !== '' &&
    number >= min &&
    Number.isFinite(number) &&
    (!integer || Number.isInteger(number))
  )
    return number
  refuse(`--${flag} takes ${integer ? 'an integer' : 'a number'} of at least ${min}, not '${text}'`)
}

/** The members of `all` that start with one of the flag's comma-separated words; all of them without the flag. */
export function chosen<T extends string>(flag: string, text: string | undefined, all: readonly T[]): T[] {
  if (text === undefined) return [...all]
  const words = text.split(',').map((word) => word.trim())
  for (const word of words) {
    const some = word !== '' && all.some((each) => each.startsWith(word))
    if (!some) refuse(`--${flag} takes some of ${all.join(', ')}, not '${word}'`)
  }
  return all.filter((each) => words.some((word) => each.startsWith(word)))
}
