export { type AbortEvents, type UnsentCommands, abortUnsent } from './adapter/abort-unsent.ts'
export { channelListeners } from './adapter/channel-listeners.ts'
export { type ClientState, type FollowedConnection, connectionOf } from './adapter/connection-of.ts'
export { type Corkable, corkTick } from './adapter/cork-tick.ts'
export { type OwnConnection, type OwnConnectionUse, openDedicated } from './adapter/dedicated-connection.ts'
export { deliver } from './adapter/deliver.ts'
export { type Emitter, onEvents } from './adapter/emitter.ts'
export { type Attached, oncePerClient } from './adapter/once-per-client.ts'
export { refuseIf } from './adapter/refuse-if.ts'
export type {
  Command,
  DedicatedConnection,
  DedicatedConnectionEvents,
  RedisClient,
  RedisCluster,
  RedisNode,
  ShardedChannels,
} from './client.ts'
export { asStorageError, isWrongType, unexpectedReply } from './errors.ts'
export { type RedisInspection, redisInspection } from './inspect/inspection.ts'
export type { ScanStep } from './inspect/scan-keys.ts'
export { sendSafely } from './orderly.ts'
export { type ChannelListener, type PubSub, createPubSub } from './pub-sub.ts'
export { type Right, type RightsOptions, aclRules } from './rights.ts'
export { type RunScript, type Script, createScriptRunner, defineScript } from './script.ts'
export { keySlot } from './slot.ts'
export { type RedisStorageOptions, redisStorage } from './storage.ts'
export { serverTime } from './time.ts'
export type { FindingCode } from './verify/finding.ts'
