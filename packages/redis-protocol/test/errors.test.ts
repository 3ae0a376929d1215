import { type HoldfastError, StorageRefusedError } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { asStorageError, isNoScript, unexpectedReply } from '../src/errors.ts'

const judged = (message: string | Error): HoldfastError & { maybeApplied?: boolean } =>
  asStorageError(message instanceof Error ? message : new Error(message), 'a test')

describe('errors of the server', () => {
  it.for([
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    "READONLY You can't write against a read only replica.",
    'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
    'CLUSTERDOWN The cluster is down',
    'TRYAGAIN Multiple keys request during rehashing of slot',
    'NOREPLICAS Not enough good replicas to write.',
    'MOVED 3999 127.0.0.1:6381',
    'ERR max number of clients reached',
    "ERR Error running script (call to f_0a): @user_script:3: @user_script: 3: -READONLY You can't write against a read only replica.",
    "@user_script: 3: -READONLY You can't write against a read only replica.", // one of many, of Redis 6.2
  ])('that pass by themselves are an unavailable storage that did nothing: %s', (message) => {
    expect(judged(message)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: false })
  })

  it.for([
    [
      "READONLY You can't write against a read only replica.",
      /replica\. If it lasts: .*connect to the primary/,
    ],
    ['MOVED 3999 127.0.0.1:6381', /6381\. If it lasts: .*use a cluster client/],
    ['LOADING Redis is loading the dataset in memory', /in memory$/],
  ] as const)('that pass say what to do when they do not: %s', ([message, advice]) => {
    expect(judged(message).message).toMatch(advice)
  })

  it('a replica that cannot wait for replicas has written before', () => {
    expect(judged('ERR WAIT cannot be used with replica instances.')).toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      maybeApplied: true,
    })
  })

  it.for([
    ["OOM command not allowed when used memory > 'maxmemory'.", / > 'maxmemory'\. Raise maxmemory/],
    ["@user_script: 3: -OOM command not allowed when used memory > 'maxmemory'.", /Raise maxmemory/],
    [
      "ERR Error running script (call to f_0a): @user_script:1: @user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.",
      /maxmemory/,
    ],
    ["NOPERM this user has no permissions to run the 'eval' command", /aclRules\(\)/],
    ["ERR The user executing the script can't run this command or subcommand", /aclRules\(\)/],
    ["ERR ACL failure in script: User default has no permissions to run the 'set' command", /aclRules\(\)/],
    ['NOAUTH Authentication required.', /password/],
    ['WRONGPASS invalid username-password pair or user is disabled.', /password/],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', /prefix/],
    ["CROSSSLOT Keys in request don't hash to the same slot", /cluster client/],
    ['MISCONF Redis is configured to save RDB snapshots', /log/],
    ["ERR unknown command 'GETEX', with args beginning with:", /6\.2/],
    ['ERR value is not an integer or out of range', /out of range$/],
  ] as const)('that do not pass are refusals that say what to do: %s', ([message, advice]) => {
    const cause = new Error(message)
    expect(judged(cause)).toMatchObject({ code: 'STORAGE_REFUSED', cause })
    expect(judged(cause).message).toMatch(advice)
  })

  it('of an unknown script are recognized by their first word', () => {
    expect(isNoScript(new Error('NOSCRIPT No matching script. Please use EVAL.'))).toBe(true)
    expect(isNoScript(new Error('ERR NOSCRIPT'))).toBe(false)
  })
})

describe('errors of the clients', () => {
  it.for([
    // ioredis
    'Connection is closed.',
    'Command timed out',
    'Reached the max retries per request limit (which is 20). Refer to "maxRetriesPerRequest" option for details.',
    'Command aborted due to connection close',
    // node-redis
    'Socket closed unexpectedly',
    'Disconnects client',
    // both
    'read ECONNRESET',
    'write EPIPE',
  ])('after which the command may have been executed: %s', (message) => {
    expect(judged(message)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
  })

  it.for([
    "Stream isn't writeable and enableOfflineQueue options is false",
    "Cluster isn't ready and enableOfflineQueue options is false",
    'All sentinels are unreachable and retry is disabled.',
    'The client is closed',
    'The command was aborted',
    'The client is offline',
    'The queue is full',
    'All the root nodes are unavailable',
    'Too many Cluster redirections',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'getaddrinfo ENOTFOUND redis',
  ])('before which nothing was sent: %s', (message) => {
    expect(judged(message)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: false })
  })

  it('that are mistakes do not count as an outage', () => {
    expect(judged(new TypeError('Invalid argument type'))).toMatchObject({ code: 'STORAGE_REFUSED' })
    expect(asStorageError('what?', 'a test')).toMatchObject({ code: 'STORAGE_REFUSED' })
  })

  it('that are ours already are passed on unchanged', () => {
    const error = new StorageRefusedError('no')
    expect(asStorageError(error, 'a test')).toBe(error)
  })
})

describe('unexpected replies', () => {
  it.for([
    ['x'.repeat(100), /the string "x{40}"/],
    [Buffer.from('a'), /a Buffer/],
    [['a', 'b'], /an array of 2/],
    [null, /null/],
    [7n, /type bigint/],
  ] as const)('are described: %o', ([reply, description]) => {
    expect(unexpectedReply('a test', reply)).toMatchObject({ code: 'STORAGE_REFUSED' })
    expect(unexpectedReply('a test', reply).message).toMatch(description)
  })
})
