import { InvalidArgumentError } from '@holdfast/core'
import { type Feature, appOf, checkOneOf, refuse } from '@holdfast/core/storage'
import { NAMESPACE, reachOf } from './keys.ts'

/**
 * What a user of Redis may be for: a feature; near copies of what the cache reads, beside `cache`; to have `health()` and `verify()` look at the server's settings; to look at what
 * there is, as `holdfast` does for operators.
 */
export type Right = Feature | 'near' | 'health' | 'inspect'

/** Every command that the feature sends or runs in a script, and none that it does not. */
const COMMANDS: Readonly<Record<Right, string>> = {
  locks: 'get getex set pexpire zadd zcard zmscore zrange zrank zrem wait',
  idempotency: 'get getex set mget pexpire pttl lindex llen lpop lpush lrange rpush',
  cache: 'get mget set append getrange setrange unlink pexpire pttl hdel hgetall hmget hset incrby type scan',
  // With CLIENT TRACKING anybody may hear the names of all keys. The rest is for the key that proves a link.
  near: 'get set client|id client|tracking',
  // It shows passwords that stand in the configuration, too.
  health: 'config|get',
  inspect: 'get mget lindex llen lrange zcard zrange scan dbsize memory|usage',
}
const ALL = Object.keys(COMMANDS) as Right[]

/**
 * To greet, to log in, to name itself, to ping; to subscribe, to publish, to count listeners: within these, nothing of a
 * kind that ends other clients or empties servers. Scripts and their clock; what clients ask servers when they connect.
 */
const OF_ALL = ['+@connection', '+@pubsub', '-@dangerous', ...words('eval evalsha time info')]
const OF_CLUSTERS = words('cluster|slots cluster|info')

/** For which app and which features rights are listed. */
export interface RightsOptions {
  /**
   * The `prefix` of one app, as `createHoldfast` takes it, but without spaces, which Redis does not allow in rules: its user
   * reaches no record, lock or value of other apps. All apps share the channels on which processes hear of their leases.
   * @default the rights to all apps
   */
  readonly prefix?: string | undefined
  /**
   * What the user is for: `locks`, `idempotency`, `cache`; `near`, for copies that a cache keeps in the process; `health`, which shows the server's persistence and with it
   * all of `CONFIG GET`; and `inspect`, to list what there is. It has no command and reaches no key or channel of the others,
   * but alone `inspect` reads those of all features, and writes nothing.
   * @default all of them
   */
  readonly features?: readonly Right[] | undefined
  /**
   * That of `redisStorage`, for tests.
   * @default 'holdfast'
   */
  readonly namespace?: string | undefined
}

/**
 * The rules of `ACL SETUSER` for a user that does all that Holdfast does, or all that some of its features do, and nothing
 * else. Redis 6.2 and newer, single servers and clusters; the commands of newer versions of Holdfast are added here.
 *
 * @throws InvalidArgumentError for a `prefix` with a space, and for `features` that are none
 */
export function aclRules({ prefix, features = ALL, namespace = NAMESPACE }: RightsOptions = {}): string[] {
  if (prefix?.includes(' ')) {
    throw new InvalidArgumentError(
      `Redis does not allow a space in a rule, so there are no rules for the prefix '${prefix}' alone. ` +
        'Use a prefix without one, or the rules of all apps: aclRules().',
    )
  }
  if (!Array.isArray(features) || features.length === 0) {
    return refuse('features', features, `a list with some of ${ALL.join(', ')}`)
  }
  for (const each of features) checkOneOf('features', each, ALL)
  const app = prefix === undefined ? undefined : appOf(prefix)
  return [
    'resetkeys',
    'resetchannels',
    ...(features.every((each) => each === 'inspect')
      ? reachOf(namespace, ALL, app).filter((rule) => rule.startsWith('~'))
      : reachOf(namespace, features, app)),
    '-@all',
    ...commandsOf(features),
  ]
}

/** What {@link aclRules} are in one line, to add to a user that has others. `app`: as `verify()` takes it. */
export function missingRights(namespace: string, features: readonly Right[], app?: string): string {
  const reach = reachOf(namespace, features, app?.includes(' ') ? undefined : app)
  const commands = commandsOf([...features, 'health'])
  return `ACL SETUSER … ${[...reach, ...commands].filter((rule) => !rule.startsWith('-')).join(' ')}`
}

function commandsOf(features: readonly Right[]): string[] {
  const own = ALL.filter((each) => features.includes(each)).flatMap((each) => words(COMMANDS[each]))
  return [...OF_ALL, ...new Set(own), ...OF_CLUSTERS]
}

function words(commands: string): string[] {
  return commands.split(' ').map((command) => `+${command}`)
}
