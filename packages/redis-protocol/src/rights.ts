import { InvalidArgumentError } from '@holdfast/core'
import { appOf } from '@holdfast/core/storage'
import { NAMESPACE, reachOf } from './keys.ts'

/** What one user of Redis may do: every command that Holdfast sends or runs in a script, and none that it does not. */
const COMMANDS: readonly string[] = [
  // To greet, to log in, to name itself, to ping; to subscribe, to publish, to count listeners. Within these, and in
  // all that an administrator allowed before, nothing of a kind that ends other clients or empties servers.
  '+@connection',
  '+@pubsub',
  '-@dangerous',
  ...words('eval evalsha time wait'),
  ...words('append get getex getrange mget set setrange unlink pexpire pttl'),
  ...words('hdel hgetall hmget hset incrby type scan'),
  ...words('lindex llen lpop lpush lrange rpush'),
  ...words('zadd zcard zmscore zrange zrank zrem'),
  // What verify() looks at, and how a client finds the nodes of a cluster.
  ...words('info config|get cluster|slots cluster|info'),
]

export interface RightsOptions {
  /**
   * The `prefix` of one app, as `createHoldfast` takes it, but without spaces, which Redis does not allow in rules: its user
   * reaches no record, lock or value of other apps. All apps share the channels on which processes hear of their leases.
   * @default the rights to all apps
   */
  readonly prefix?: string | undefined
  /**
   * That of `redisStorage`, for tests.
   * @default 'holdfast'
   */
  readonly namespace?: string | undefined
}

/**
 * The rules of `ACL SETUSER` for a user that does all that Holdfast does, and nothing else. Redis 6.2 and newer, single
 * servers and clusters; the commands of newer features are added here.
 *
 * @throws InvalidArgumentError for a `prefix` with a space
 */
export function aclRules({ prefix, namespace = NAMESPACE }: RightsOptions = {}): readonly string[] {
  if (prefix?.includes(' ')) {
    throw new InvalidArgumentError(
      `Redis does not allow a space in a rule, so there are no rules for the prefix '${prefix}' alone. ` +
        'Use a prefix without one, or the rules of all apps: aclRules().',
    )
  }
  const app = prefix === undefined ? undefined : appOf(prefix)
  return ['resetkeys', 'resetchannels', ...reachOf(namespace, app), '-@all', ...COMMANDS]
}

/** What {@link aclRules} are in one line, to add to a user that has others. `app`: as `verify()` takes it. */
export function missingRights(namespace: string, app?: string): string {
  const reach = reachOf(namespace, app?.includes(' ') ? undefined : app)
  return `ACL SETUSER … ${[...reach, ...COMMANDS].filter((rule) => !rule.startsWith('-')).join(' ')}`
}

function words(commands: string): readonly string[] {
  return commands.split(' ').map((command) => `+${command}`)
}
