import type { TimerQueue } from '../support/timer-queue.ts'
import type { HoldfastError } from '../errors.ts'
import type { LeaseKeeper, LeaseOwner } from '../lease-keeper.ts'
import type { Runtime } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { LeaseStorage, ReleaseReply } from '../storage/leases.ts'
import type { LeaseLoss } from './errors.ts'
import type { Lease } from './lease.ts'
import type { WaitingRoom } from './waiters.ts'

/** A held lease as the connection monitor, `revoke` and `close` see it. */
export interface Held extends LeaseOwner, Pick<Lease, 'token'> {
  /** The storage, or an operator, says that it is not ours any more. */
  lose(reason: LeaseLoss): void
  /** Asks the holder to finish, and resolves when it has released. */
  finish(reason: HoldfastError): Promise<void>
  /** Leaves it to run out: it is neither renewed nor watched any more. */
  abandon(): void
}

/** What the parts of one `Locks` instance share. */
export interface LockRoom {
  readonly calls: StorageClient
  readonly leases: LeaseStorage
  readonly runtime: Runtime
  /** The first part of every token, and the address of pushes. */
  readonly process: string
  readonly claimMs: number
  /** The leases that are held now. It does not keep the process alive. */
  readonly held: TimerQueue<LeaseKeeper<Held>>
  /** The tokens of leases whose release is under way. */
  readonly releasing: Set<string>
  readonly waiting: WaitingRoom
  /** How often the connection went down: a command that saw one may have been sent twice by the client. */
  readonly disruptions: () => number
  nextToken(): string
  /**
   * Sends a release that nobody waits for until it is answered or `forMs` is over: what it should end has ended by
   * itself by then.
   */
  releaseInBackground(key: string, token: string, notAfter: number, forMs: number): void
  /** A hand-off that is not claimed in time must go on to the next one: looks after it. */
  lookAfter(key: string, reply: Pick<ReleaseReply, 'pendingHandOffMs'>): void
}
