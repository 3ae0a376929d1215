import type { JSX } from 'preact'
import { lengthOf } from '../format.ts'
import type { Instance } from '../model/model.ts'
import { nameOf } from '../model/names.ts'
import { model } from '../model/store.ts'
import { Verbs } from '../picture/gutter.tsx'
import { select } from '../select.ts'
import { logFilter } from '../view.ts'
import { Frame } from './frame.tsx'

/** A process: what it is, what it does at the moment, and what was done to it. */
export function InstanceView({ instance }: { readonly instance: Instance }): JSX.Element {
  const { name, client, framework, pid, state, isCut, frozen, gone, cut } = instance
  const known = model.value
  const running = [...known.attempts.values()].filter(
    (each) => each.instance === name && each.endedAt === null,
  )
  const waiting = [...known.calls.values()].filter(
    (each) => each.instance === name && each.answeredAt === null && each.waitingSince !== null,
  )
  const says = { starting: 'It is starting.', up: 'It is up', frozen: 'It is frozen.', gone: 'It is gone.' }[
    state
  ]
  const spells = [
    ...frozen.map((spell) => ['frozen', spell] as const),
    ...gone.map((spell) => ['gone', spell] as const),
    ...cut.map((spell) => ['cut off', spell] as const),
  ]
  return (
    <Frame title={name}>
      <p class="lead">
        {says}
        {state === 'up' &&
          (isCut
            ? ', and its network to Redis is cut.'
            : running.length === 0
              ? ', and runs nothing.'
              : ', and runs:')}
      </p>
      <ul class="plain-list">
        {[
          ...running.map((each) => ['runs', each] as const),
          ...waiting.map((each) => ['waits for', each] as const),
        ].map(([verb, each]) => (
          <li key={`${verb}${each.jobType}${each.jobKey}`}>
            {verb}{' '}
            <button type="button" class="link" onClick={() => select({ kind: 'work', ...each })}>
              {nameOf(known, each)}
            </button>
          </li>
        ))}
      </ul>
      <dl class="facts">
        <div>
          <dt>Redis client</dt>
          <dd>{client}</dd>
        </div>
        <div>
          <dt>Framework</dt>
          <dd>{framework === 'nest' ? 'Nest' : 'Fastify'}</dd>
        </div>
        <div>
          <dt>Process</dt>
          <dd>{pid ?? 'none'}</dd>
        </div>
        {spells.slice(-5).map(([what, { from, to }]) => (
          <div key={`${what}${from}`}>
            <dt>Was {what}</dt>
            <dd>{to === null ? 'until now' : `for ${lengthOf(to - from)}`}</dd>
          </div>
        ))}
      </dl>
      <div class="foot">
        <Verbs instance={instance} />
        <button
          type="button"
          class="link"
          onClick={() => {
            logFilter.value = { ...logFilter.value, instance: name }
            document.getElementById('log')?.scrollIntoView({ block: 'start' })
          }}
        >
          Log lines
        </button>
      </div>
    </Frame>
  )
}
