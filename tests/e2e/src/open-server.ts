import { type Holdfast, type Storage, createHoldfast } from '@holdfast/core'
import { RedisNode } from '@holdfast/test-support/servers'
import { onTestFinished } from 'vitest'
import { type ClientName, connect } from './connect.ts'

/** A server, and a storage on its own client, which end with the test. */
export async function openServer(
  client: ClientName,
): Promise<{ readonly node: RedisNode; readonly storage: Storage }> {
  const node = await RedisNode.start()
  const connected = await connect(client, node.url)
  onTestFinished(async () => {
    await connected[Symbol.asyncDispose]()
    await node.stop()
  })
  return { node, storage: connected.storage }
}

/** The same with an instance of Holdfast, whose calls have time enough on a busy machine. */
export async function openHoldfast(
  client: ClientName,
): Promise<{ readonly node: RedisNode; readonly holdfast: Holdfast }> {
  const { node, storage } = await openServer(client)
  const holdfast = createHoldfast({ storage, callTimeoutMs: 60_000 })
  // Before the server: the last one that was registered runs first.
  onTestFinished(() => holdfast.close())
  return { node, holdfast }
}
