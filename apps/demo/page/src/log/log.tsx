import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { lowerPart } from '../model/store.ts'
import { grouped, plural } from '../format.ts'
import { crosshair, logFilter } from '../view.ts'
import { LogFilters } from './log-filters.tsx'
import { LogList } from './log-list.tsx'
import { type LogEntry, filterLines, inOrderOfTime, jsonLines, jsonOf, keyOf } from './log-lines.ts'
import { momentsOf } from './moments.ts'
import { useOlderLines } from './older-lines.ts'

/** What the instances wrote, one line under the other. */
export function Log(): JSX.Element {
  const kept = lowerPart('log').value
  const filter = logFilter.value
  const older = useOlderLines(filter.executionId)
  const firstKept = kept[0]?.at ?? Number.POSITIVE_INFINITY
  const moments = useMoments()
  const all = useMemo(
    () => inOrderOfTime([...older.filter(({ at }) => at < firstKept), ...kept, ...moments]),
    [older, kept, moments],
  )
  const lines = filterLines(all, filter)
  const [chosenKey, setChosen] = useState<string>()
  const [follows, setFollows] = useState(true)
  const chosen = lines.find((line) => keyOf(line) === chosenKey)
  const count = all.length + lowerPart('logDropped').value

  const choose = (line: LogEntry): void => {
    setChosen(keyOf(line))
    setFollows(false)
    crosshair.value = line.at
  }

  return (
    <section class="panel log" id="log" aria-labelledby="log-title">
      <header>
        <h2 id="log-title">Log</h2>
        <LogFilters lines={all} />
        <span class="muted at-end">
          {lines.length === count
            ? plural(count, 'line')
            : `${grouped(lines.length)} of ${plural(count, 'line')}`}
        </span>
      </header>
      {lines.length === 0 ? (
        <p class="nothing">
          {all.length === 0
            ? 'The instances have not written anything yet. Their lines will be here.'
            : 'No line fits these filters.'}
        </p>
      ) : (
        <LogList
          lines={lines}
          chosen={chosen}
          follows={follows}
          onChoose={choose}
          onFollow={(isAtEnd) => setFollows(isAtEnd)}
        />
      )}
      {chosen !== undefined && (
        <div class="log-line">
          <pre>{JSON.stringify(jsonOf(chosen), null, 2)}</pre>
        </div>
      )}
      <footer>
        <button type="button" class="link" aria-pressed={follows} onClick={() => setFollows(!follows)}>
          {follows ? 'Following the newest line' : 'Follow the newest line'}
        </button>
        <CopyLines lines={lines} />
      </footer>
    </section>
  )
}

function useMoments(): readonly LogEntry[] {
  const instances = lowerPart('instances').value
  const redis = lowerPart('redis').value
  const attempts = lowerPart('attempts').value
  const effects = lowerPart('effects').value
  const works = lowerPart('works').value
  return useMemo(
    () => momentsOf({ instances, redis, attempts, effects, works }),
    [instances, redis, attempts, effects, works],
  )
}

function CopyLines({ lines }: { readonly lines: readonly LogEntry[] }): JSX.Element {
  const [said, say] = useState('')
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(jsonLines(lines))
      say(`${plural(lines.length, 'line')} copied`)
    } catch {
      say('The browser did not allow it')
    }
  }
  return (
    <>
      <button type="button" class="link" disabled={lines.length === 0} onClick={() => void copy()}>
        Copy as JSON lines
      </button>
      <span role="status">{said}</span>
    </>
  )
}
