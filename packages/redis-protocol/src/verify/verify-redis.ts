import type { Storage } from '@holdfast/core'
import type { Feature, VerifyOptions } from '@holdfast/core/storage'
import { type Command, type RedisClient, mastersOf } from '../client.ts'
import { asStorageError, unexpectedReply } from '../errors.ts'
import { missingRights } from '../rights.ts'
import { decodeTime } from '../time.ts'
import { redisInvalidations } from '../invalidations/redis-invalidations.ts'
import { createKeys } from '../keys.ts'
import { judgeClocks } from './clocks.ts'
import type { Finding } from './finding.ts'
import { type ServerFacts, judgeServer, parseInfo } from './server.ts'
import { selfTest } from './self-test.ts'
import { tryNear } from './try-near.ts'

/** What is tried, and where its keys lie: those of one app, or anywhere in the namespace. */
interface Scope extends VerifyOptions {
  readonly namespace: string
}

const ALL: readonly Feature[] = ['idempotency', 'locks', 'cache']

/**
 * Looks at the servers and tries everything once with throwaway names. What a managed service does not let be looked
 * at is said to be unknown; what can be tried is tried, never guessed from a list of rights.
 */
export async function verifyRedis(
  client: RedisClient,
  facets: Pick<Storage, 'records' | 'leases' | 'values'>,
  { namespace, app, features = ALL, near = false }: Scope,
): Promise<readonly Finding[]> {
  const rights = missingRights(namespace, near ? [...features, 'near'] : features, app)
  const nodes = await mastersOf(client).catch(refuse)
  const count = features.includes('locks') ? countOf(client) : undefined
  const facts = await Promise.all(
    nodes.map(async ({ name, send }): Promise<ServerFacts & { readonly counts: boolean }> => {
      const [info, save, clock, counts] = await Promise.all([
        attempt(send(['INFO'])),
        attempt(send(['CONFIG', 'GET', 'save'])),
        timed(() => send(['TIME'])),
        count === undefined || send(count).then(() => true, isNoMatterOfRights),
      ])
      return { name, info: parseInfo(info), save: saveOf(save), clock, counts }
    }),
  )
  const uncounted = facts.filter(({ counts }) => !counts).map(({ name }) => countsRefused(name, rights))
  // A cache may be evicted and forgotten.
  const keeps = features.some((feature) => feature !== 'cache')
  const judged = facts.flatMap((each) => judgeServer(each, keeps))
  const findings = [...judged, ...judgeClocks(facts), ...uncounted]
  // A replica refuses every write; that it is one has been said.
  if (findings.some(({ code }) => code === 'REPLICA')) return findings
  const tried = await Promise.all([
    selfTest(facets, features, rights, app),
    near ? tryNear(redisInvalidations(client, createKeys(namespace)), rights, app) : [],
  ])
  return [...findings, ...tried.flat()]
}

/** How scripts count who waits, where what they count is worth something. */
function countOf({ cluster, sharded }: RedisClient): Command | undefined {
  if (!cluster) return ['PUBSUB', 'NUMSUB']
  return sharded && ['PUBSUB', 'SHARDNUMSUB']
}

/** Before Redis 7 there is nothing sharded to be counted. */
function isNoMatterOfRights(error: unknown): boolean {
  const reason = asStorageError(error, 'verify')
  if (reason.code !== 'STORAGE_REFUSED') throw reason
  return !/\bNOPERM\b/.test(reason.message)
}

function countsRefused(name: string, rights: string): Finding {
  return {
    code: 'COUNT_REFUSED',
    severity: 'warning',
    message:
      `${name} does not let listeners be counted (PUBSUB is refused): a waiter that has died is not passed over, and ` +
      'the next waiter gets the lock one claim time (`claimMs`) later.',
    fix: `Permit PUBSUB: ${rights}`,
  }
}

/** The reply, or undefined when the server refuses to say. Rejects when it cannot be asked at all. */
async function attempt(reply: Promise<unknown>): Promise<unknown> {
  try {
    return await reply
  } catch (error) {
    const reason = asStorageError(error, 'verify')
    if (reason.code === 'STORAGE_REFUSED') return undefined
    throw reason
  }
}

/** What the server's clock showed, and between which moments of ours. */
async function timed(ask: () => Promise<unknown>): Promise<ServerFacts['clock']> {
  const before = Date.now()
  const reply = await attempt(ask())
  return reply === undefined ? undefined : { before, shown: decodeTime(reply), after: Date.now() }
}

/** `CONFIG GET` answers with a list of names and values, or with a map in RESP3. */
function saveOf(reply: unknown): string | undefined {
  if (reply === undefined) return undefined
  if (Array.isArray(reply)) return String(reply[1] ?? '')
  if (reply instanceof Map) return String(reply.get('save') ?? '')
  if (typeof reply === 'object' && reply !== null && 'save' in reply) return String(reply.save)
  throw unexpectedReply('CONFIG GET', reply)
}

function refuse(error: unknown): never {
  throw asStorageError(error, 'verify')
}
