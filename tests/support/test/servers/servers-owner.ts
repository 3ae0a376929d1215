// A process that starts servers of every kind and is then killed.
import { RedisNode, Replicated, SentinelGroup } from '@holdfast/test-support/servers'

const durable = await RedisNode.start({ durable: true })
const replicated = await Replicated.start()
const group = await SentinelGroup.start()
const pids = [durable, replicated.primary, ...replicated.replicas, ...group.nodes].map(({ pid }) => pid)
const [, dir] = (await durable.ask('CONFIG', 'GET', 'dir')) as string[]
replicated.primary.pause()
process.stdout.write(`${JSON.stringify({ pids, dir })}\n`)
setInterval(() => {}, 60_000)
