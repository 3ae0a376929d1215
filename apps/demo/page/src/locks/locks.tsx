import type { JSX } from 'preact'
import type { Lock } from '../model/model.ts'
import { lowerPart } from '../model/store.ts'
import { select } from '../select.ts'
import { ticking } from '../ticking.ts'
import { dialog, isLost } from '../view.ts'
import {
  type Holder,
  freeWords,
  heldWords,
  kindWords,
  leaseLeft,
  placesOf,
  waitedWords,
} from './lock-words.ts'

/** Who holds each lock, what remains of the lease, and who is next. */
export function Locks(): JSX.Element {
  const locks = [...lowerPart('locks').value.values()].toSorted((a, b) => a.name.localeCompare(b.name))
  return (
    <section class="panel locks" id="locks" aria-labelledby="locks-title">
      <header>
        <h2 id="locks-title">Locks</h2>
        <p>Who holds it, who is next</p>
      </header>
      {locks.length === 0 ? (
        <p class="nothing">
          The checkout of the repository and the calls of the model are locked while a review runs. They will
          be here.
        </p>
      ) : (
        locks.map((lock) => <LockRow key={lock.name} lock={lock} />)
      )}
    </section>
  )
}

function LockRow({ lock }: { readonly lock: Lock }): JSX.Element {
  const isFree = lock.holders.length === 0 && lock.waiting.length === 0
  return (
    <article class="lock">
      <header>
        <h3>
          <button
            type="button"
            class="name-button"
            title="What Redis holds for it"
            onClick={() => select({ kind: 'lock', name: lock.name })}
          >
            {lock.name}
          </button>
        </h3>
        <span class="small">{kindWords(lock)}</span>
      </header>
      {isFree && lock.permits === 1 ? <Free lock={lock} /> : <Queue lock={lock} />}
    </article>
  )
}

function Free({ lock }: { readonly lock: Lock }): JSX.Element {
  return <p class="muted">{freeWords(lock, ticking.value)}</p>
}

function Queue({ lock }: { readonly lock: Lock }): JSX.Element {
  const now = ticking.value
  const { places, moreEmpty } = placesOf(lock)
  return (
    <ol class="queue" aria-label={`${lock.name}: who holds it, then who waits, in order`}>
      {places.map((holder, index) => (
        <li key={holder?.token ?? `empty-${index}`}>
          {holder === null ? (
            <span class="place">free</span>
          ) : (
            <HolderChip lock={lock} holder={holder} now={now} />
          )}
        </li>
      ))}
      {moreEmpty > 0 && <li class="small">and {moreEmpty} free</li>}
      {lock.waiting.map(({ instance, waitedMs }, index) => (
        <li key={`${instance}-${index}`}>
          <span class="behind" aria-hidden="true">
            ‹
          </span>
          <span class="waiter">
            {instance}
            <small>waits {waitedWords(lock, waitedMs, now)}</small>
          </span>
        </li>
      ))}
    </ol>
  )
}

interface HolderProps {
  readonly lock: Lock
  readonly holder: Holder
  readonly now: number
}

function HolderChip({ lock, holder, now }: HolderProps): JSX.Element {
  const { instance, token } = holder
  const left = leaseLeft(lock, holder, now)
  return (
    <span class={left === 0 ? 'holder late' : 'holder'}>
      <span>
        <b>{instance}</b>
        <small>{left === 0 ? 'lease over' : heldWords(lock, holder, now)}</small>
      </span>
      <button
        type="button"
        class="link"
        aria-label={`Revoke ${lock.name} from ${instance}`}
        disabled={isLost.value}
        onClick={() => {
          dialog.value = { name: 'revoke', lock: lock.name, token, instance }
        }}
      >
        Revoke
      </button>
      <span
        class="meter hold"
        role="img"
        aria-label={`${Math.round(left * 100)} % of its lease left`}
        style={{ '--part': left }}
      >
        <i />
      </span>
    </span>
  )
}
