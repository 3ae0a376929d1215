import type { LockView, Semaphore } from '@holdfast/core'
import { lockOf, ownerOf } from '@holdfast/core/storage'
import { Exit, exitCodes } from '../../exit.ts'
import { visible } from '../../output/text.ts'
import { prefixHint } from '../../session/prefixes.ts'
import { isUnreadable } from '../../session/refusals.ts'
import type { Session } from '../../session/session.ts'

/** A lock and a semaphore of the same name have nothing to do with each other. */
export type LockKind = 'lock' | 'semaphore'

export interface NamedLock extends LockView {
  readonly kind: LockKind
}

export interface WhichLock {
  readonly semaphore?: boolean | undefined
}

/** What a lock is to operators: of a semaphore the permits do not matter. */
export function lockableOf(
  { holdfast }: Session,
  kind: LockKind,
  name: string,
): Pick<Semaphore, 'inspect' | 'revoke'> {
  const semaphore = holdfast.locks.semaphore(name, { permits: 1 })
  return kind === 'semaphore'
    ? semaphore
    : {
        inspect: () => holdfast.locks.inspect(name),
        revoke: (options) => holdfast.locks.revoke(name, options),
      }
}

export async function viewOf(session: Session, kind: LockKind, name: string): Promise<NamedLock> {
  return { ...(await lockableOf(session, kind, name).inspect()), kind }
}

/** The lock or the semaphore of this name that is held or waited for; both if both are. */
export async function usedLocks(
  session: Session,
  name: string,
  { semaphore = false }: WhichLock,
): Promise<readonly NamedLock[]> {
  const kinds: readonly LockKind[] = semaphore ? ['semaphore'] : ['lock', 'semaphore']
  const views = await Promise.all(kinds.map((kind) => viewOf(session, kind, name))).catch(
    (error: unknown) => {
      // Of another version: it is there, and this one cannot show it.
      throw isUnreadable(error) ? new Exit(exitCodes.findings, (error as Error).message) : error
    },
  )
  return views.filter(isUsed)
}

export function isUsed({ holders, waiting }: LockView): boolean {
  return holders.length > 0 || waiting > 0
}

/** @throws Exit: the lock is free; or the prefix is wrong */
export async function notHeld(session: Session, name: string): Promise<never> {
  const { text } = await prefixHint(session)
  throw new Exit(
    exitCodes.findings,
    `${visible(name)} has no holder and no waiter. ${text || 'holdfast locks list shows those that are held.'}`,
  )
}

/** A lease key of the storage as the lock that it is for. */
export function namedIn(
  { app }: Session,
  key: string,
): { readonly kind: LockKind; readonly name: string } | undefined {
  return lockOf(app, key)
}

/** For scripts. */
export function lockJson({
  kind,
  name,
  holders,
  waiting,
  queue,
}: NamedLock): Readonly<Record<string, unknown>> {
  return { kind, name, holders, waiting, queue: queue.map((token) => ({ token, owner: ownerOf(token) })) }
}
