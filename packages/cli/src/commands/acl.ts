import { type Right, aclRules } from '@holdfast/redis-protocol'
import { Exit, exitCodes } from '../exit.ts'
import { print, printJson, remark } from '../output/io.ts'
import { visible } from '../output/text.ts'

export interface AclOptions {
  readonly user: string
  /** The user does not exist yet. */
  readonly newUser?: boolean | undefined
  readonly prefix?: string | undefined
  readonly features?: readonly string[] | undefined
  readonly json?: boolean | undefined
}

/** As the page on rights has it: replace it. */
const PLACEHOLDER = 'a-long-password'

/**
 * `holdfast acl`: the line that gives a user the rights of Holdfast. It talks to no Redis. Only the line of a new user has a
 * password: for a user in use it would be a second one.
 */
export async function acl({
  user,
  newUser = false,
  prefix,
  features,
  json = false,
}: AclOptions): Promise<number> {
  if (!/^[^\s\0]+$/.test(user)) throw new Exit(exitCodes.badUse, '--user must be a name without spaces.')
  const rules = aclRules({
    prefix,
    ...(features === undefined ? {} : { features: features as readonly Right[] }),
  })
  const login = newUser ? ['on', `>${PLACEHOLDER}`] : []
  const line = ['ACL SETUSER', user, ...login, ...rules].join(' ')
  if (json) await printJson('acl', { user, prefix: prefix ?? null, rules, line })
  else {
    await print(line)
    if (process.stdout.isTTY) await remark(`\n${remarks(newUser, prefix)}`)
  }
  return exitCodes.fine
}

function remarks(newUser: boolean, prefix: string | undefined): string {
  const apps = prefix === undefined ? 'all apps (--prefix)' : `the app ${visible(prefix)} (--prefix)`
  const login = newUser
    ? `Replace ${PLACEHOLDER}.`
    : 'Its passwords stay as they are; a user that does not exist yet needs one (--new-user).'
  return `For ${apps}. ${login} ACL SAVE or CONFIG REWRITE keeps it over a restart.`
}
