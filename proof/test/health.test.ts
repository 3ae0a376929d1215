import { type Health, createHoldfast } from '@holdfast/core'
import { RedisNode } from '@holdfast/testbed/servers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { clients, connect } from '../src/connect.ts'

describe.each(clients)('health over %s', (client) => {
  const open = async () => {
    const node = await RedisNode.start()
    const { storage, ...connected } = await connect(client, node.url)
    const holdfast = createHoldfast({ storage, callTimeoutMs: 60_000 })
    onTestFinished(async () => {
      await holdfast.close()
      await connected[Symbol.asyncDispose]()
      await node.stop()
    })
    return { node, health: () => holdfast.health() }
  }
  const toDo = ({ findings }: Health): readonly string[] =>
    findings.flatMap(({ stopsWork, fix }) => (stopsWork ? [fix] : []))

  it.each([
    {
      what: 'a replica',
      refuse: ['REPLICAOF', '127.0.0.1', 1],
      allow: ['REPLICAOF', 'NO', 'ONE'],
      fix: 'Connect to the primary',
    },
    {
      what: 'without a right to run scripts',
      refuse: ['ACL', 'SETUSER', 'default', '-@scripting'],
      allow: ['ACL', 'SETUSER', 'default', '+@all'],
      fix: '+eval +evalsha',
    },
    {
      what: 'without a right to the keys',
      refuse: ['ACL', 'SETUSER', 'default', 'resetkeys', '~other:*'],
      allow: ['ACL', 'SETUSER', 'default', 'allkeys'],
      fix: '~{holdfast:*',
    },
    {
      what: 'without a right to ask for the time',
      refuse: ['ACL', 'SETUSER', 'default', '-time'],
      allow: ['ACL', 'SETUSER', 'default', '+@all'],
      fix: '+time',
    },
    {
      what: 'full',
      refuse: ['CONFIG', 'SET', 'maxmemory', 1],
      allow: ['CONFIG', 'SET', 'maxmemory', 0],
      fix: 'Raise maxmemory',
    },
    {
      what: 'short of replicas',
      refuse: ['CONFIG', 'SET', 'min-replicas-to-write', 1],
      allow: ['CONFIG', 'SET', 'min-replicas-to-write', 0],
      fix: 'lower min-replicas-to-write',
    },
  ])('is degraded on a server that is $what, says what to do, and is up again afterwards', async (server) => {
    const { node, health } = await open()
    expect(await health()).toMatchObject({ status: 'up' })
    await node.ask(...server.refuse)
    const refused = await health()
    expect(refused).toMatchObject({ status: 'degraded', roundTripMs: expect.any(Number) as number })
    expect(toDo(refused).length).toBeGreaterThan(0)
    for (const fix of toDo(refused)) expect(fix).toContain(server.fix)
    await node.ask(...server.allow)
    expect(await health()).toMatchObject({ status: 'up' })
  })
})
