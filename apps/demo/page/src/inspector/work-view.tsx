import type { JSX } from 'preact'
import type { Work } from '../../../src/events/page-event.ts'
import { readRecord } from '../act.ts'
import { ActButton } from '../parts/act-button.tsx'
import { model } from '../model/store.ts'
import type { WorkState } from '../model/model.ts'
import { nameOf } from '../model/names.ts'
import { dialog, isLost, logFilter } from '../view.ts'
import { Frame } from './frame.tsx'
import { HeldPart } from './held-part.tsx'
import { attemptsOf, factsOf, ladderOf, type Sentence, sentenceOf } from './sentence.ts'

/** A piece of work: a sentence first, then its attempts, facts, and what Redis holds. */
export function WorkView({ work }: { readonly work: WorkState }): JSX.Element {
  const known = model.value
  const last = attemptsOf(known, work).at(-1)
  const rungs = ladderOf(known, work)
  return (
    <Frame title={nameOf(known, work)}>
      <p class="lead">
        <Told sentence={sentenceOf(known, work)} />
      </p>
      <ol class="ladder">
        {rungs.map(({ executionId, rank, tone, instance, what, detail }) => (
          <li key={executionId} class={`is-${tone}`}>
            <i aria-label={`Fence ${rank}`}>{rank}</i>
            <span>
              <b>{instance}</b> {what}
              <small>{detail}</small>
            </span>
          </li>
        ))}
      </ol>
      <dl class="facts">
        {last !== undefined && (
          <>
            <Fact name="executionId" value={last.executionId} isCode />
            <Fact name="Fence, all digits" value={String(last.fencingToken)} isCode />
          </>
        )}
        {factsOf(known, work).map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
      <HeldPart
        read={async () => {
          const record = await readRecord(work.jobType, work.jobKey)
          return record && [record]
        }}
        state={`${last?.executionId}:${last?.outcome}:${last?.percent}:${work.lastAt}`}
      />
      <Foot work={work} executionId={last?.executionId ?? null} isRunning={last?.outcome === null} />
    </Frame>
  )
}

function Told({ sentence }: { readonly sentence: Sentence }): JSX.Element {
  return <>{sentence.map((piece) => (typeof piece === 'string' ? piece : <b>{piece.strong}</b>))}</>
}

function Fact({
  name,
  value,
  isCode = false,
}: {
  readonly name: string
  readonly value: string
  readonly isCode?: boolean
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isCode ? 'mono' : undefined}>{value}</dd>
    </div>
  )
}

function Foot({
  work,
  executionId,
  isRunning,
}: {
  readonly work: Work
  readonly executionId: string | null
  readonly isRunning: boolean
}): JSX.Element {
  const { jobType, jobKey } = work
  return (
    <div class="foot">
      <button
        type="button"
        class="link"
        onClick={() => {
          logFilter.value = { ...logFilter.value, executionId }
          document.getElementById('log')?.scrollIntoView({ block: 'start' })
        }}
      >
        Log lines
      </button>
      {isRunning ? (
        <ActButton name="cancel" input={{ jobType, jobKey }} class="link">
          Cancel
        </ActButton>
      ) : (
        <button
          type="button"
          class="link"
          disabled={isLost.value}
          onClick={() => (dialog.value = { name: 'forget', work: { jobType, jobKey } })}
        >
          Forget this result…
        </button>
      )}
    </div>
  )
}
