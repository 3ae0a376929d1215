import { readFileSync } from 'node:fs'
import tab from '@bomb.sh/tab/commander'
import { Argument, Command } from 'commander'
import { allCodes } from '../codes/index.ts'
import { acl } from '../commands/acl.ts'
import { codes } from '../commands/codes.ts'
import { doctor } from '../commands/doctor.ts'
import { addCache } from './cache-commands.ts'
import type { Finish } from './finish.ts'
import { addJobs } from './jobs-commands.ts'
import { addLocks } from './locks-commands.ts'
import { prefixOption, someOf, withConnection, withJson } from './shared-options.ts'

const FEATURES = ['locks', 'idempotency', 'cache'] as const
const RIGHTS = [...FEATURES, 'near', 'health', 'inspect'] as const
const EXAMINED = [...FEATURES, 'near'] as const

const AFTER = `
Redis is taken from HOLDFAST_REDIS_URL, else REDIS_URL; HOLDFAST_REDIS_PASSWORD is the password of a URL without one.
Exit codes: 0 fine; 1 something to mend, not there, or not done; 2 wrong use; 3 Redis cannot be reached, or refuses;
70 a fault of this program; 130 Ctrl-C.`

/** All commands. `finish` hears how each ends. */
export function createProgram(finish: Finish): Command {
  const program = new Command('holdfast')
    .description('Look into the Redis of Holdfast: what is wrong with it, its locks, jobs and cache.')
    .version(version(), '--version')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', AFTER)
  withConnection(program.command('doctor'))
    .description('what is wrong with this Redis, each with its fix, and whether it is ready')
    .option(
      '--features <list>',
      `what it is for: ${EXAMINED.join(', ')} (default: all but near)`,
      someOf(EXAMINED),
    )
    .action(finish(doctor))
  addJobs(program, finish)
  addLocks(program, finish)
  addCache(program, finish)
  withJson(program.command('acl'))
    .description('print the ACL SETUSER line with the rights of a user for Holdfast')
    .option('--user <name>', 'of the user', 'holdfast')
    .option('--new-user', 'the user does not exist yet: with a password, which you replace')
    .addOption(prefixOption('of the one app that it is for (default: all apps)'))
    .option('--features <list>', `what it is for: ${RIGHTS.join(', ')} (default: all)`, someOf(RIGHTS))
    .action(finish(acl))
  withJson(program.command('codes').addArgument(codeArgument()))
    .description('what a code of an error or a finding means, and what to do')
    .action(finish(codes))
  tab(program, { completionCommandName: 'completion' })
  return program
}

/** Completion offers the codes; another word is judged by the command. */
function codeArgument(): Argument {
  const argument = new Argument('[code]', 'such as LEASE_LOST')
  argument.argChoices = allCodes().map(({ code }) => code)
  return argument
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}
