import { Replicated } from '@holdfast/test-support/servers'
import { RespConnection, ask } from '@holdfast/test-support/resp'
import { describe, expect, it } from 'vitest'

describe('Replicated', () => {
  it('replicates, and its address follows the primary', async () => {
    await using group = await Replicated.start({ replicas: 2 })
    const [first, second] = group.replicas
    if (!first || !second) throw new Error('it has two replicas')
    await ask(group.endpoint.address, 'SET', 'k', 'v')
    await Promise.all([group.caughtUp(first), group.caughtUp(second)])
    expect(await second.ask('GET', 'k')).toBe('v')

    const old = group.primary
    await group.promote(first)
    expect(group.primary).toBe(first)
    expect(group.replicas).toContain(old)
    expect(await ask(group.endpoint.address, 'GET', 'k')).toBe('v')
    expect(await ask(group.endpoint.address, 'SET', 'k', 'v2')).toBe('OK')
    await group.caughtUp(old)
    expect(await old.ask('GET', 'k')).toBe('v2')
  })

  it('loses what a detached replica did not get', async () => {
    await using group = await Replicated.start()
    const [replica] = group.replicas
    if (!replica) throw new Error('it has a replica')
    await ask(group.endpoint.address, 'SET', 'kept', '1')
    await group.caughtUp(replica)
    await group.detach(replica)
    expect(await ask(group.endpoint.address, 'SET', 'lost', '1')).toBe('OK')
    await group.promote(replica, { losingWrites: true })
    expect(await ask(group.endpoint.address, 'MGET', 'kept', 'lost')).toEqual(['1', null])
  })

  it('demotes the primary without ending a connection: it refuses writes, and gets messages published on the new one', async () => {
    await using group = await Replicated.start()
    const [replica] = group.replicas
    if (!replica) throw new Error('it has a replica')
    using connected = await RespConnection.open(group.endpoint.address)
    expect(await connected.send('SET', 'k', 'v')).toBe('OK')
    const old = group.primary
    await group.demote(replica)
    expect([group.primary, group.replicas]).toEqual([replica, [old]])
    await expect(connected.send('SET', 'k', 'v2')).rejects.toThrow('READONLY')
    expect(await ask(group.endpoint.address, 'SET', 'k', 'v2')).toBe('OK')
    await connected.send('SUBSCRIBE', 'c')
    const published = group.primary.ask('PUBLISH', 'c', 'm')
    expect(await published).toBe(0)
    // And back again, without a crash.
    await group.demote(old)
    expect(await ask(group.endpoint.address, 'GET', 'k')).toBe('v2')
  })

  it('demotes a primary whose last writes are lost', async () => {
    await using group = await Replicated.start()
    const [replica] = group.replicas
    if (!replica) throw new Error('it has a replica')
    await ask(group.endpoint.address, 'SET', 'k', 'kept')
    await group.caughtUp(replica)
    await group.demote(replica, { losingWrites: true })
    expect(await ask(group.endpoint.address, 'GET', 'k')).toBe('kept')
    expect((await group.replicas[0]?.info('replication'))?.['role']).toBe('slave')
  })

  it('loses nothing that was written up to the failover otherwise', async () => {
    await using group = await Replicated.start()
    const [replica] = group.replicas
    if (!replica) throw new Error('it has a replica')
    for (let i = 0; i < 200; i++) await ask(group.endpoint.address, 'INCR', 'k')
    await group.promote(replica)
    expect(await ask(group.endpoint.address, 'GET', 'k')).toBe('200')
  })
})
