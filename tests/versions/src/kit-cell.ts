// One cell of the matrix: `kit-cell.ts '<KitTask as JSON>'` holds one client on one server against the whole kit.
import { after, before, describe, it } from 'node:test'
import type { TestRunner } from '@holdfast/core/testing'
import { redisKit } from '@holdfast/redis-protocol/testing'
import { FAILED, type KitTask } from './kit-task.ts'
import { openIoredis, openNodeRedis } from './open-client.ts'

const { library, installed, endpoint } = JSON.parse(process.argv[2] ?? '') as KitTask

const runner: TestRunner = {
  describe: (name, body) => void describe(name, body),
  it: (name, body) => void it(name, async () => await told(name, body)),
  beforeAll: (body) => before(async () => await told('before', body)),
  afterAll: (body) => after(async () => await told('after', body)),
}

async function told(name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } catch (error) {
    const [message = ''] = String(error).split('\n')
    console.log(`${FAILED}${name}: ${message}`)
    throw error
  }
}

const open = library === 'ioredis' ? openIoredis : openNodeRedis
const cluster = endpoint.topology === 'cluster'
redisKit(runner, async () => await open(installed, endpoint), {
  outOfMemory: true,
  // node-redis waits with sharded pub/sub, which counts. With classic pub/sub a node knows only its own subscribers.
  countsListeners: !cluster || library === 'redis',
  // Both hear of revocations by classic pub/sub, whose messages go from node to node.
  promptPushes: !cluster,
})
