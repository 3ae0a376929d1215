import { Replicated } from '@holdfast/testbed/servers'
import { ask } from '@holdfast/testbed/resp'
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

  it('loses nothing that was written up to the failover otherwise', async () => {
    await using group = await Replicated.start()
    const [replica] = group.replicas
    if (!replica) throw new Error('it has a replica')
    for (let i = 0; i < 200; i++) await ask(group.endpoint.address, 'INCR', 'k')
    await group.promote(replica)
    expect(await ask(group.endpoint.address, 'GET', 'k')).toBe('200')
  })
})
