import { constants } from 'node:os'
import { paragraph, terminalWidth } from '../terminal/text.ts'
import { type SoakOptions, USAGE, UsageError, readOptions } from './options.ts'
import { soak } from './soak.ts'

/** As sysexits.h has them. */
const EXIT_USAGE = 64
const EXIT_SOFTWARE = 70

const EXIT_BROKEN = 1

/** The control broke nothing. */
const EXIT_PROVES_NOTHING = 3

/** What is closed by then has nothing left to do: a process that is there for longer hangs. */
const HANG_MS = 10_000

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), process.env['INIT_CWD'])
  if (options === undefined) {
    process.stdout.write(`${USAGE}\n`)
    return 0
  }
  const stopping = new AbortController()
  let interrupted: number | undefined
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      const code = 128 + constants.signals[name]
      if (interrupted !== undefined) process.exit(code)
      interrupted = code
      process.stdout.write('Stopping. What is there is judged; again to end at once.\n')
      stopping.abort()
    })
  }
  const judged = await soak(options, stopping.signal)
  const isBroken = judged.some(({ broken }) => broken.length > 0)
  process.stdout.write(`${paragraph(conclusion(options, isBroken), terminalWidth())}\n`)
  if (isBroken) return EXIT_BROKEN
  return interrupted ?? (options.control ? EXIT_PROVES_NOTHING : 0)
}

function conclusion({ control, seed }: SoakOptions, isBroken: boolean): string {
  if (control && isBroken)
    return 'The control is broken, as it has to be: without its key a charge is made twice.'
  if (control) return 'Nothing is broken in the control: this run proves nothing. Let it run longer.'
  return isBroken ? `Broken. The same disturbances again: --seed ${seed}` : 'All holds.'
}

try {
  process.exitCode = await main()
  setTimeout(() => {
    process.stdout.write(
      `BROKEN  the soak itself does not end ${HANG_MS / 1_000} s after everything was closed\n`,
    )
    process.exit(EXIT_BROKEN)
  }, HANG_MS).unref()
} catch (error) {
  const isUsage = error instanceof UsageError
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${message}${isUsage ? ' (--help lists the options)' : ''}\n`)
  if (!isUsage)
    process.stderr.write(`${String((error as { readonly stack?: unknown } | undefined)?.stack)}\n`)
  process.exit(isUsage ? EXIT_USAGE : EXIT_SOFTWARE)
}
