import { HoldfastError } from '@holdfast/core'
import { ConnectError } from '@holdfast/redis-connect'
import { type Command, CommanderError } from 'commander'
import { Exit, type ExitCode, exitCodes } from './exit.ts'
import { createProgram } from './program/program.ts'
import { refusalText } from './session/refusals.ts'

/** How the program ends, and what it says on stderr then. */
export interface Ended {
  readonly code: number
  readonly err?: string | undefined
}

/** Does what the arguments say. It does not reject. */
export async function runProgram(args: readonly string[]): Promise<Ended> {
  let code: number = exitCodes.fine
  const program = createProgram((run) => async (...given) => {
    code = await run(...given)
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return { code }
  } catch (error) {
    return failure(error, helpFor(program, args))
  }
}

/** The help of the command that the arguments begin with. */
function helpFor(program: Command, args: readonly string[]): string {
  let command = program
  const names = ['holdfast']
  for (const arg of args) {
    const next = command.commands.find((each) => each.name() === arg)
    if (next === undefined) break
    command = next
    names.push(arg)
  }
  return `${names.join(' ')} --help`
}

function failure(error: unknown, help: string): Ended {
  if (error instanceof CommanderError) return wrongUse(error, help)
  if (error instanceof Exit) return { code: error.code, err: error.message }
  if (error instanceof ConnectError)
    return { code: error.reason === 'unreachable' ? exitCodes.noRedis : exitCodes.badUse, err: error.message }
  if (HoldfastError.isInstance(error)) return { code: codeOf(error), err: refusalText(error) }
  // Not the error itself: clients keep the arguments of commands in theirs, passwords among them.
  return {
    code: exitCodes.fault,
    err: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

function wrongUse({ code, exitCode, message }: CommanderError, help: string): Ended {
  if (exitCode === 0) return { code: exitCodes.fine }
  // The help was shown instead.
  if (code === 'commander.help') return { code: exitCodes.badUse }
  const line = message.replace(/^error: /, '').replaceAll('\n', ' ')
  return { code: exitCodes.badUse, err: `${line}. See ${help}.`.replace(/([.?)])\. See/, '$1 See') }
}

function codeOf({ code }: HoldfastError): ExitCode {
  if (code === 'INVALID_ARGUMENT') return exitCodes.badUse
  return code === 'RECORD_UNREADABLE' ? exitCodes.findings : exitCodes.noRedis
}
