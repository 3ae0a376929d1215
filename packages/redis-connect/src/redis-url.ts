import { ConnectError } from './connect-error.ts'

/** Where a Redis is, and as whom to talk to it. */
export interface RedisTarget {
  /** The server; or nodes of a cluster; or the sentinels. */
  readonly servers: readonly RedisAddress[]
  /** Of a unix socket, instead of a server. */
  readonly path?: string
  /** What the sentinels are asked for. */
  readonly sentinel?: {
    readonly name: string
    readonly username?: string
    readonly password?: string
  }
  readonly username?: string
  readonly password?: string
  readonly database: number
  readonly tls: boolean
}

/** Where one server listens. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

const FORMS =
  'Write redis://[user:password@]host[:port][/database], with commas between several nodes of a cluster, ' +
  'redis-sentinel://[user:password@]host[:port],…/name[/database] for sentinels, rediss:// and rediss-sentinel:// for TLS, ' +
  'or unix:///path/to/redis.sock?db=0; in a user or password write %40 for @, %2F for /, %3A for :, %2C for a comma and %23 for #.'

/** By scheme: the parameters that it takes. */
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  'redis:': [],
  'rediss:': [],
  'redis-sentinel:': ['sentinel-user', 'sentinel-password'],
  'rediss-sentinel:': ['sentinel-user', 'sentinel-password'],
  'unix:': ['db', 'user', 'password'],
}

/**
 * Reads a `redis:` or `rediss:` URL, also of several servers.
 * @throws ConnectError with a message that shows nothing of a password
 */
export function parseRedisUrl(text: string): RedisTarget {
  const urls = eachServer(text).map((each) =>
    URL.canParse(each) ? checked(new URL(each)) : refuse('The URL of Redis cannot be read.'),
  )
  const [url = refuse('The URL of Redis cannot be read.')] = urls
  const isSocket = url.protocol === 'unix:'
  const isSentinel = url.protocol.includes('sentinel')
  const isSame = ({ protocol, username, password }: URL): boolean =>
    protocol === url.protocol && username === url.username && password === url.password
  if (!urls.every(isSame) || (isSocket && urls.length > 1))
    refuse('The URL of Redis names servers that do not belong together.')
  const query = parametersOf(url)
  const parts = url.pathname.slice(1).split('/')
  const name = isSentinel ? decode(parts.shift() ?? '') : ''
  if (isSentinel && name === '') refuse('The URL of the sentinels does not name the primary that they watch.')
  const database = isSocket ? (query.get('db') ?? '0') : parts.join('/')
  if (!/^\d{0,4}$/.test(database)) refuse('The database in the URL of Redis is no number.')
  const username = isSocket ? query.get('user') : decode(url.username)
  const password = isSocket ? query.get('password') : decode(url.password)
  const standardPort = isSentinel ? 26_379 : 6_379
  return {
    servers: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? standardPort : Number(port),
    })),
    ...(isSocket ? { path: decode(url.pathname) } : {}),
    ...(isSentinel
      ? { sentinel: { name, ...login(query.get('sentinel-user'), query.get('sentinel-password')) } }
      : {}),
    ...login(username, password),
    database: Number(database),
    tls: url.protocol.startsWith('rediss'),
  }
}

/** For people: without user and password. */
export function describeTarget({ servers, path, sentinel, database, tls }: RedisTarget): string {
  if (path !== undefined) return `unix://${path}?db=${database}`
  const scheme = `${tls ? 'rediss' : 'redis'}${sentinel === undefined ? '' : '-sentinel'}`
  const hosts = servers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  return `${scheme}://${hosts.join(',')}/${sentinel === undefined ? '' : `${sentinel.name}/`}${database}`
}

/** `redis://a,b/0` and `redis://a/0,redis://b/0` as one URL a server. */
function eachServer(text: string): string[] {
  const [first = '', ...more] = text.split(',')
  if (more.length === 0) return [first]
  if (more.every((part) => part.includes('://'))) return [first, ...more]
  const before = /^[^/]*\/\/(?:[^/]*@)?/.exec(first)?.[0] ?? ''
  const after = /[/?#].*$/s.exec(more.at(-1) ?? '')?.[0] ?? ''
  const hosts = [
    first.slice(before.length),
    ...more.slice(0, -1),
    (more.at(-1) ?? '').slice(0, -after.length || undefined),
  ]
  return hosts.map((host) => `${before}${host}${after}`)
}

function checked(url: URL): URL {
  if (!Object.hasOwn(SCHEMES, url.protocol))
    refuse(
      'The URL of Redis does not begin with redis://, rediss://, redis-sentinel://, rediss-sentinel:// or unix://.',
    )
  // Both are left of a password that has such a character, so neither is shown.
  if (url.hash !== '') refuse('The URL of Redis has a #.')
  const known = SCHEMES[url.protocol] ?? []
  for (const name of parametersOf(url).keys())
    if (!known.includes(name)) refuse('The URL of Redis has a parameter that is not known.')
  if (url.protocol === 'unix:') {
    if (url.host !== '' || url.pathname.length < 2) refuse('The URL of Redis names no path.')
  } else if (url.hostname === '') refuse('The URL of Redis names no host.')
  return url
}

/** A + is itself, as it is in the rest of the URL, and no blank: passwords have it. */
function parametersOf({ search }: URL): URLSearchParams {
  return new URLSearchParams(search.replaceAll('+', '%2B'))
}

function login(
  username: string | null,
  password: string | null,
): { readonly username?: string; readonly password?: string } {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse('The URL of Redis has a % that is no escape.')
  }
}

function refuse(message: string): never {
  throw new ConnectError('url', `${message} ${FORMS}`)
}
