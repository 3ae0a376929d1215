import type { JSX } from 'preact'
import type { HeldQuery } from '../../../src/events/snapshot.ts'
import { readHeld } from '../act.ts'
import { freeWords, heldWords } from '../locks/lock-words.ts'
import type { Lock } from '../model/model.ts'
import { part } from '../model/store.ts'
import { ticking } from '../ticking.ts'
import { Frame } from './frame.tsx'
import { HeldPart } from './held-part.tsx'

/** A lock, or a namespace of the cache. */
export function StoredView({ kind, name }: HeldQuery): JSX.Element {
  return kind === 'lock' ? <LockView name={name} /> : <NamespaceView name={name} />
}

function LockView({ name }: { readonly name: string }): JSX.Element {
  const lock = part('locks').value.get(name)
  return (
    <Frame title={name}>
      <p class="lead">{lock === undefined ? 'No instance has asked for it yet.' : <Holders lock={lock} />}</p>
      <HeldPart read={() => readHeld({ kind: 'lock', name })} state={String(lock?.at)} />
    </Frame>
  )
}

function Holders({ lock }: { readonly lock: Lock }): JSX.Element {
  const now = ticking.value
  if (lock.holders.length === 0) return <>{`It is ${freeWords(lock, now)}.`}</>
  const waiting = lock.waiting.map(({ instance }) => instance).join(', ')
  return (
    <>
      {lock.holders.map((holder) => (
        <span key={holder.token}>
          <b>{holder.instance}</b>: {heldWords(lock, holder, now)}, fence {holder.fencingToken}.{' '}
        </span>
      ))}
      {waiting === '' ? 'No instance waits.' : `In line: ${waiting}.`}
    </>
  )
}

function NamespaceView({ name }: { readonly name: string }): JSX.Element {
  const counts = part('cache').value.namespaces.get(name)
  const { loaded = 0, fromRedis = 0, fromMemory = 0, shared = 0 } = counts ?? {}
  return (
    <Frame title={`Cache: ${name}`}>
      <p class="lead">
        {`${loaded} loaded, ${shared} shared, ${fromRedis} from Redis, ${fromMemory} from memory. Its newest entries, with what their headers say:`}
      </p>
      <HeldPart read={() => readHeld({ kind: 'cache', name })} state={JSON.stringify(counts)} />
    </Frame>
  )
}
