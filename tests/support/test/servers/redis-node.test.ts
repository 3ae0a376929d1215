import { existsSync } from 'node:fs'
import { RespConnection } from '@holdfast/test-support/resp'
import { RedisNode } from '@holdfast/test-support/servers'
import { describe, expect, it } from 'vitest'

describe('RedisNode', () => {
  it('restarts empty at the same address', async () => {
    await using node = await RedisNode.start()
    const { url } = node
    await node.ask('SET', 'k', 'v')
    await node.restart()
    expect(node.url).toBe(url)
    expect(await node.ask('GET', 'k')).toBe(null)
  })

  it('restarts with every acknowledged write when it is durable', async () => {
    await using node = await RedisNode.start({ durable: true })
    for (let i = 0; i < 20; i++) await node.ask('INCR', 'k')
    await node.restart()
    expect(await node.ask('GET', 'k')).toBe('20')
  })

  it('refuses connections while it is killed', async () => {
    await using node = await RedisNode.start()
    await node.kill()
    await expect(node.ask('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await node.restart()
    expect(await node.ask('PING')).toBe('PONG')
  })

  it('executes late the commands that arrive while it is frozen', async () => {
    await using node = await RedisNode.start()
    using connection = await RespConnection.open(node.address)
    node.pause()
    let answered = false
    const reply = connection.send('INCR', 'k').then((value) => {
      answered = true
      return value
    })
    using other = await RespConnection.open(node.address) // the kernel accepts connections for it
    expect(answered).toBe(false)
    node.resume()
    expect(await reply).toBe(1)
    expect(await other.send('GET', 'k')).toBe('1')
  })

  it('lets writes wait, and only writes', async () => {
    await using node = await RedisNode.start()
    await node.pauseClients(60_000, 'WRITE')
    using connection = await RespConnection.open(node.address)
    const write = connection.send('SET', 'k', 'v')
    expect(await node.ask('GET', 'k')).toBe(null)
    await node.unpauseClients()
    expect(await write).toBe('OK')
  })

  it('runs out of memory and recovers', async () => {
    await using node = await RedisNode.start()
    await node.ask('SET', 'k', 'v')
    await node.takeMemory()
    await expect(node.ask('SET', 'k2', 'v')).rejects.toThrow('OOM')
    expect(await node.ask('DEL', 'k')).toBe(1)
    await node.giveMemory()
    expect(await node.ask('SET', 'k2', 'v')).toBe('OK')
  })

  it('leaves nothing behind', async () => {
    const node = await RedisNode.start({ durable: true })
    const [, dir] = (await node.ask('CONFIG', 'GET', 'dir')) as [string, string]
    expect(existsSync(dir)).toBe(true)
    await node.stop()
    expect(existsSync(dir)).toBe(false)
  })
})
