import type { JSX } from 'preact'
import type { StartKind } from '../../../src/events/sums.ts'
import { plural } from '../format.ts'
import { isLoaded, model } from '../model/store.ts'
import { ActButton } from '../parts/act-button.tsx'
import { ControlSquares, Square, Squares } from './squares.tsx'
import { tallyOf, type Tally } from './tally.ts'

/** What it comes to: one sentence, one square a start, and the same starts without Holdfast. */
export function Verdict(): JSX.Element {
  const known = model.value
  const tally = tallyOf(known)
  const { twice } = known.verdict
  const { startCount, results } = tally
  return (
    <section class="verdict" aria-label="What it comes to">
      <div class="claim">
        {startCount === 0 ? (
          <>
            <h1>
              However many ask, <em>it runs once</em>
            </h1>
            <p>
              Several processes are asked for the same work at the same time. Holdfast lets one of them do it,
              although they crash, freeze, or lose Redis. Start the tour, or fire one job yourself.
            </p>
          </>
        ) : (
          <>
            <h1>
              {plural(startCount, 'start')}, {plural(results, 'result')},{' '}
              {twice === 0 ? <em>none twice</em> : <em class="bad">{twice} of them twice</em>}
            </h1>
            <p>{basisOf(tally, known.instances.size)}</p>
          </>
        )}
      </div>
      {startCount > 0 && <Proof tally={tally} />}
      {!isLoaded.value && <p class="heard">Connecting to the server.</p>}
    </section>
  )
}

function basisOf({ startCount, works, parts }: Tally, instances: number): string {
  const who = instances === 1 ? 'One process was' : `${words(instances)} processes were`
  const more = parts === 0 ? '' : `, and ${plural(parts, 'job')} ran as a part of those`
  return `${who} asked ${plural(startCount, 'time')} to do ${plural(works, 'job')}${more}. Counted from rows that the jobs wrote to the database, not by Holdfast.`
}

function words(count: number): string {
  return ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six'][count] ?? String(count)
}

function Proof({ tally }: { readonly tally: Tally }): JSX.Element {
  return (
    <div class="proof">
      <div class="proof-row">
        <b>With Holdfast</b>
        <Squares tally={tally} />
      </div>
      <div class="proof-row is-without">
        <span>Without it</span>
        {tally.controlRan ? (
          <ControlSquares tally={tally} />
        ) : (
          <span class="group">
            <ActButton name="without" input={{}} class="act little">
              Run the same without Holdfast
            </ActButton>
            <span class="muted small">a control run that really runs, with another database</span>
          </span>
        )}
      </div>
      <Sum tally={tally} />
    </div>
  )
}

const SUMS: readonly (readonly [readonly StartKind[], string, StartKind])[] = [
  [['away'], 'turned away', 'away'],
  [['got'], 'got the result', 'got'],
  [['cutShort', 'tookOver'], 'cut short or taken over', 'cutShort'],
  [['noRedis'], 'refused, no Redis', 'noRedis'],
  [['tooLate'], 'too late, refused', 'tooLate'],
  [['failed'], 'failed', 'failed'],
  [['running'], 'running', 'running'],
  [['waiting'], 'waiting for an answer', 'waiting'],
]

/** Saved is counted in the database; the rest is what callers were answered. */
function Sum({ tally }: { readonly tally: Tally }): JSX.Element {
  const { counts, results, control, controlRan } = tally
  const shown = SUMS.map(([kinds, text, kind]) => ({
    text: kind === 'cutShort' ? cutWords(counts) : text,
    kind,
    count: kind === 'cutShort' ? (counts.cutShort ?? 0) : sumOf(counts, kinds),
  })).filter(({ count }) => count > 0)
  return (
    <ul class="sum">
      <li title="Counted in the database">
        <Square kind="ran" />
        <b>{results}</b> saved
      </li>
      {shown.map(({ text, kind, count }) => (
        <li key={kind} title="Counted from the answers that callers got">
          <Square kind={kind} />
          <b>{count}</b> {text}
        </li>
      ))}
      {controlRan && (
        <li title="Counted in the database of the control run">
          <Square kind="tooMany" />
          <b>{control.tooMany}</b> results too many without it
        </li>
      )}
      {controlRan && control.untried > 0 && (
        <li title="The control run has not done these">
          <Square kind="none" />
          <b>{control.untried}</b> not tried without it
        </li>
      )}
    </ul>
  )
}

function cutWords(counts: Tally['counts']): string {
  return (counts.tookOver ?? 0) > 0 ? 'cut short, taken over' : 'cut short'
}

function sumOf(counts: Tally['counts'], kinds: readonly StartKind[]): number {
  return kinds.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0)
}
