import { CommanderError } from 'commander'
import { runDemo } from './coordinator/demo.ts'
import { ConfigurationError, forgetSecrets, readConfiguration } from './server/configuration.ts'
import { readConfigurationFile } from './server/configuration-file.ts'
import { type CommandLine, parseCommandLine } from './terminal/command-line.ts'
import { paragraph, terminalWidth } from './terminal/text.ts'

/** What `128 + signal` says to shells. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** As sysexits.h has it: to start it again does not help. */
const EXIT_CONFIGURATION = 78

async function main(): Promise<number> {
  let commandLine: CommandLine
  try {
    commandLine = parseCommandLine(process.argv.slice(2))
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
    return (await run(commandLine, stopping.signal)) ? exitCode : 1
  } catch (error) {
    if (error instanceof ConfigurationError) {
      process.stderr.write(`${error.message}\n`)
      return EXIT_CONFIGURATION
    }
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

/** Whether it went well. */
async function run(commandLine: CommandLine, signal: AbortSignal): Promise<boolean> {
  const { kind, demo } = commandLine
  if (kind === 'terminal') return await runDemo(demo, signal)
  const file = readConfigurationFile(commandLine.config)
  const configuration = readConfiguration({
    commandLine: commandLine.settings,
    environment: process.env,
    ...(file === undefined ? {} : { file }),
  })
  forgetSecrets(process.env)
  // The forms in the terminal need none of it.
  const { servePage } = await import('./server/serve-page.ts')
  await servePage({
    configuration,
    signal,
    print: (text) => void process.stdout.write(`${text}\n`),
    showInTerminal: () => runDemo(demo, signal),
  })
  return true
}

process.exitCode = await main()
