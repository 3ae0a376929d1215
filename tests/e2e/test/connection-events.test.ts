import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type ConnectionEvent, createHoldfast } from '@holdfast/core'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { RedisNode } from '@holdfast/test-support/servers'
import { expect, it } from 'vitest'
import { clients, connect } from '../src/connect.ts'

it.each(clients)(
  'a lost connection of %s is published once, and its return with the length of the outage',
  async (client) => {
    await using node = await RedisNode.start()
    await using proxy = await FaultProxy.start({ target: node.address })
    const events: ConnectionEvent[] = []
    const listen = (event: unknown): void => void events.push(event as ConnectionEvent)
    await using connected = await connect(client, proxy.url)
    const { connection } = connected.storage
    await expect.poll(() => connection.state).toBe('ready')
    const holdfast = createHoldfast({ storage: connected.storage, instance: 'one', prefix: 'app' })
    subscribe('holdfast:connection', listen)
    const types = () => events.map(({ type }) => type)

    await proxy.refuse()
    proxy.reset()
    await expect.poll(types).toEqual(['lost'])
    await expect.poll(() => connection.lastError).toBeDefined()
    await proxy.heal()
    await expect.poll(types).toEqual(['lost', 'ready'])
    const of = { instance: 'one', prefix: 'app', storage: 'main' }
    const [lost, ready] = events
    expect(lost).toMatchObject({ ...of, at: expect.any(Number) as number })
    expect(ready).toMatchObject({ ...of, lostAt: lost?.at, awayMs: expect.any(Number) as number })

    await holdfast.close()
    unsubscribe('holdfast:connection', listen)
  },
)
