import { CommanderError } from 'commander'
import { runDemo } from './coordinator/demo.ts'
import { type DemoOptions, parseCommandLine } from './terminal/command-line.ts'
import { paragraph, terminalWidth } from './terminal/text.ts'

/** What `128 + signal` says to shells. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

async function main(): Promise<number> {
  let options: DemoOptions
  try {
    options = parseCommandLine(process.argv.slice(2))
  } catch (error) {
    // Commander has printed what is wrong, or the help.
    if (error instanceof CommanderError) return error.exitCode
    throw error
  }
  const stopping = new AbortController()
  let exitCode = 0
  for (const [name, code] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      // A user who asks twice does not want to wait; the instances end with their connection to this process.
      if (stopping.signal.aborted) process.exit(code)
      exitCode = code
      stopping.abort(new Error(`Stopped by ${name}.`))
    })
  }
  // As in `npm run demo | head`; what the shell says of a program that SIGPIPE ended.
  process.stdout.on('error', () => {
    exitCode = 141
    stopping.abort(new Error('Stopped: the reader of the output is gone.'))
  })
  try {
    return (await runDemo(options, stopping.signal)) ? exitCode : 1
  } catch (error) {
    // What fails after that fails because of it.
    const reason: unknown = stopping.signal.aborted ? stopping.signal.reason : error
    const message = reason instanceof Error ? reason.message : String(reason)
    process.stderr.write(`${paragraph(message, terminalWidth())}\n`)
    if (process.env['DEBUG']) console.error(error)
    // What was being started is not waited for.
    if (stopping.signal.aborted) process.exit(exitCode)
    return exitCode || 1
  }
}

process.exitCode = await main()
