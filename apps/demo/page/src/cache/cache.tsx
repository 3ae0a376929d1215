import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ActionAnswer } from '../../../src/events/snapshot.ts'
import { act } from '../act.ts'
import { lowerPart } from '../model/store.ts'
import { clockOf, grouped, percentOf, plural } from '../format.ts'
import { CacheChart } from './cache-chart.tsx'
import { type NamespaceRow, namespaceRows } from './columns.ts'
import { select } from '../select.ts'
import { isLost } from '../view.ts'

const KEYS = [
  ['memory', 'from memory'],
  ['redis', 'from Redis'],
  ['shared', 'shared with another caller'],
  ['loaded', 'loaded'],
] as const

/** Where the answers came from: in time, and by namespace. */
export function Cache(): JSX.Element {
  const rows = namespaceRows(lowerPart('cache').value)
  const total = rows.reduce(
    (sum, { reads, found, loads }) => ({
      reads: sum.reads + reads,
      found: sum.found + found,
      loads: sum.loads + loads,
    }),
    { reads: 0, found: 0, loads: 0 },
  )
  const since = lowerPart('since').value
  const [answer, setAnswer] = useState<ActionAnswer>()
  const clear = async (namespace?: string): Promise<void> => {
    setAnswer(await act('clear-cache', namespace === undefined ? {} : { namespace }))
  }
  return (
    <section class="panel cache" id="cache" aria-labelledby="cache-title">
      <header>
        <h2 id="cache-title">Cache</h2>
        {rows.length > 0 && (
          <>
            <p>
              <b>{percentOf(total.found, total.reads)}</b> found, <b>{grouped(total.loads)}</b>{' '}
              {total.loads === 1 ? 'load' : 'loads'}
              {since !== null && ` since ${clockOf(since)}`}
            </p>
            <button
              type="button"
              class="link at-end"
              aria-label="Clear the cache"
              disabled={isLost.value}
              onClick={() => void clear()}
            >
              Clear
            </button>
          </>
        )}
      </header>
      {answer !== undefined && (
        <p class={answer.ok ? 'answer' : 'answer bad'} role="status">
          {answer.message}
        </p>
      )}
      {rows.length === 0 ? (
        <p class="nothing">
          What a review computes is kept for the next one. Where each answer came from will be here.
        </p>
      ) : (
        <>
          <CacheChart
            summary={`${plural(total.reads, 'answer')}, ${percentOf(total.found, total.reads)} found, ${plural(total.loads, 'load')}. The table says it by namespace.`}
          />
          <Keys />
          <Namespaces rows={rows} onClear={(namespace) => void clear(namespace)} />
        </>
      )}
    </section>
  )
}

function Keys(): JSX.Element {
  const instances = [...lowerPart('instances').value.values()]
  const notAsking = instances.filter(({ breakerOpen }) => breakerOpen.at(-1)?.to === null)
  return (
    <ul class="keys-of-chart">
      {KEYS.map(([layer, words]) => (
        <li key={layer}>
          <i class={layer} />
          {words}
        </li>
      ))}
      {notAsking.map(({ name }) => (
        <li key={name}>
          <span class="chip take">{name} does not ask Redis: its loads go on</span>
        </li>
      ))}
    </ul>
  )
}

interface NamespacesProps {
  readonly rows: readonly NamespaceRow[]
  readonly onClear: (namespace: string) => void
}

function Namespaces({ rows, onClear }: NamespacesProps): JSX.Element {
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Namespace</th>
          <th scope="col" class="number">
            Reads
          </th>
          <th scope="col">Found</th>
          <th scope="col" class="number">
            Loads
          </th>
          <th scope="col" class="number">
            Refused
          </th>
          <th scope="col">
            <span class="heard">What can be done</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ namespace, reads, found, loads, refusedFills }) => (
          <tr key={namespace}>
            <th scope="row">
              <button
                type="button"
                class="name-button"
                title="Its entries, as Redis holds them"
                onClick={() => select({ kind: 'cache', name: namespace })}
              >
                {namespace}
              </button>
            </th>
            <td class="number">{grouped(reads)}</td>
            <td class="found">
              <span class="meter" style={{ '--part': reads === 0 ? 0 : found / reads }}>
                <i />
              </span>
              {percentOf(found, reads)}
            </td>
            <td class="number">{grouped(loads)}</td>
            <td class="number">{grouped(refusedFills)}</td>
            <td class="number">
              <button
                type="button"
                class="link"
                aria-label={`Clear ${namespace}`}
                disabled={isLost.value}
                onClick={() => onClear(namespace)}
              >
                Clear
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
