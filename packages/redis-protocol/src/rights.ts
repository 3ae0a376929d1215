/** What one user of Redis may do: every command that Holdfast sends or runs in a script, and none that it does not. */
const COMMANDS: readonly string[] = [
  // To greet, to log in, to name itself, to ping; to subscribe, to publish, to count listeners. Within these, and in
  // all that an administrator allowed before, nothing of a kind that ends other clients or empties servers.
  '+@connection',
  '+@pubsub',
  '-@dangerous',
  ...words('eval evalsha time wait'),
  ...words('get getex mget set unlink pexpire pttl'),
  ...words('lindex llen lpop lpush lrange rpush'),
  ...words('zadd zcard zmscore zrange zrank zrem'),
  // What verify() looks at, and how a client finds the nodes of a cluster.
  ...words('info config|get cluster|slots cluster|info'),
]

/**
 * The rules of `ACL SETUSER` for a user that does all that Holdfast does with this prefix, and nothing else. Redis 6.2
 * and newer, single servers and clusters; the commands of newer features are added here.
 */
export function aclRules({ prefix = 'holdfast' }: { readonly prefix?: string } = {}): readonly string[] {
  return ['resetkeys', 'resetchannels', ...reach(prefix), '-@all', ...COMMANDS]
}

/** What {@link aclRules} are in one line, to add to a user that has others. */
export function missingRights(prefix: string): string {
  return `ACL SETUSER … ${[...reach(prefix), ...COMMANDS].filter((rule) => !rule.startsWith('-')).join(' ')}`
}

/** The keys and channels of a prefix, as `keys.ts` makes them. */
function reach(prefix: string): readonly string[] {
  return [`~${prefix}:*`, `~{${prefix}:*`, `&{${prefix}:*`]
}

function words(commands: string): readonly string[] {
  return commands.split(' ').map((command) => `+${command}`)
}
