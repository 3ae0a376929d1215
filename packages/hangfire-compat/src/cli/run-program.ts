import { HoldfastError } from '@holdfast/core'
import { ConnectError } from '@holdfast/redis-connect'
import { check } from './check-command.ts'
import { contract } from './contract-command.ts'
import { Exit, exitCodes } from './exit.ts'
import { USAGE } from './usage.ts'

/** What the program has to say, and how it ends. */
export interface Said {
  readonly code: number
  readonly out?: string
  readonly err?: string
}

const commands: Readonly<Record<string, (args: string[]) => Promise<Said>>> = { check, contract }

/** Does what the arguments say. It does not reject. */
export function runProgram(args: readonly string[]): Promise<Said> {
  return run(args).catch(failure)
}

async function run([name = '', ...args]: readonly string[]): Promise<Said> {
  if ([name, ...args].some((arg) => arg === '--help' || arg === '-h'))
    return { code: exitCodes.fine, out: USAGE }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command !== undefined) return await command(args)
  throw new Exit(
    exitCodes.badUse,
    `${name === '' ? 'It takes a command' : `There is no command ${name}`}: check or contract. See --help.`,
  )
}

function failure(error: unknown): Said {
  const { code: word = '', message } = error as NodeJS.ErrnoException
  if (error instanceof Exit) return { code: error.code, err: message }
  if (error instanceof ConnectError)
    return { code: error.reason === 'unreachable' ? exitCodes.noRedis : exitCodes.badUse, err: message }
  if (word.startsWith('ERR_PARSE_ARGS_'))
    return { code: exitCodes.badUse, err: `${message.split('\n', 1).join('')} See --help.` }
  if (HoldfastError.isInstance(error))
    return { code: word === 'INVALID_ARGUMENT' ? exitCodes.badUse : exitCodes.noRedis, err: message }
  // Not the error itself: clients keep the arguments of commands in theirs, passwords among them.
  return { code: exitCodes.fault, err: error instanceof Error ? (error.stack ?? message) : String(error) }
}
