export { makeCertificate } from './certificate.ts'
export { RedisCluster, type ClusterOptions } from './cluster.ts'
export {
  findNamedServer,
  serverNames,
  ServerUnavailableError,
  versionOf,
  type ServerName,
} from './named-server.ts'
export { RedisNode, type RedisNodeOptions } from './redis-node.ts'
export { Replicated, type ReplicatedOptions } from './replicated.ts'
export { QUICK_SENTINEL, SentinelGroup, type SentinelOptions } from './sentinel.ts'
export { temporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts'
export { freePort } from '../supervised/free-port.ts'
export { until } from './until.ts'
