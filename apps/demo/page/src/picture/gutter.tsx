import type { JSX } from 'preact'
import { ActButton } from '../parts/act-button.tsx'
import type { Instance } from '../model/model.ts'
import { part } from '../model/store.ts'
import { select } from '../select.ts'
import type { RowBox } from './shapes.ts'
import type { Stage } from './stage.ts'
import { AXIS } from './draw/axis.ts'

/** The names of the rows, their state, and what can be done to them. */
export function Gutter({ stage }: { readonly stage: Stage | null }): JSX.Element {
  const rows = stage?.rows.value ?? []
  const bottom = rows.at(-1)
  return (
    <div class="gutter" style={{ minHeight: `${(bottom?.y ?? 340) + (bottom?.h ?? 60) + AXIS + 30}px` }}>
      {rows.map((row) => (
        <div
          key={row.name}
          class={`row-head of-${row.kind}${row.isFolded ? ' is-folded' : ''}`}
          role="group"
          aria-label={row.name}
          style={{ top: `${row.y + AXIS + 30}px`, height: `${row.top > row.y ? row.top - row.y : row.h}px` }}
        >
          <Head row={row} />
        </div>
      ))}
    </div>
  )
}

function Head({ row }: { readonly row: RowBox }): JSX.Element | null {
  const instance = part('instances').value.get(row.name)
  if (row.kind === 'redis') return <RedisHead />
  if (row.kind === 'database') {
    return (
      <>
        <b>Database</b>
        <span class="sub">what was saved</span>
      </>
    )
  }
  return instance === undefined ? null : <InstanceHead instance={instance} isFolded={row.isFolded} />
}

function RedisHead(): JSX.Element {
  const { state, version, persistence } = part('redis').value
  const { storage } = part('world').value
  const facts = [version?.split('.').slice(0, 2).join('.'), persistence === 'none' ? null : persistence]
  return (
    <>
      <b>{storage === 'memory' ? 'Memory' : storage === 'cluster' ? 'Redis cluster' : 'Redis'}</b>
      <span class="sub">{state === 'up' ? facts.filter((fact) => fact != null).join(' · ') : state}</span>
    </>
  )
}

function InstanceHead({
  instance,
  isFolded,
}: {
  readonly instance: Instance
  readonly isFolded: boolean
}): JSX.Element {
  const { name, client, framework, state, isCut } = instance
  const says = state === 'up' && isCut ? 'no network' : state === 'starting' ? 'starting' : state
  const tone =
    state === 'frozen' ? 'cold' : state === 'gone' || isCut ? 'stop' : state === 'up' ? 'done' : 'take'
  const Frameworks = { fastify: 'Fastify', nest: 'Nest' }
  return (
    <>
      <span class="name">
        <button type="button" class="plain" onClick={() => select({ kind: 'instance', name })}>
          {name}
        </button>
        <span class={`chip ${tone}`}>{says}</span>
      </span>
      {!isFolded && (
        <>
          <span class="sub">
            {client} · {Frameworks[framework]}
          </span>
          <Verbs instance={instance} />
        </>
      )}
    </>
  )
}

/** Who reads the table can act as well. */
export function InstanceHeads(): JSX.Element {
  return (
    <ul class="instance-heads">
      {[...part('instances').value.values()].map((instance) => (
        <li key={instance.name} aria-label={instance.name}>
          <InstanceHead instance={instance} isFolded={false} />
        </li>
      ))}
    </ul>
  )
}

/** The visible word comes first in the name of each. The one process of memory storage has none: they need several. */
export function Verbs({ instance }: { readonly instance: Instance }): JSX.Element | null {
  if (part('world').value.storage === 'memory') return null
  const { name, state, isCut } = instance
  const input = { instance: name }
  if (state === 'gone') {
    return (
      <span class="verbs">
        <ActButton name="start" input={input} label={`Start ${name}`}>
          Start
        </ActButton>
      </span>
    )
  }
  return (
    <span class="verbs">
      <ActButton name="kill" input={input} label={`Kill ${name}`}>
        Kill
      </ActButton>
      {state === 'frozen' ? (
        <ActButton name="thaw" input={input} label={`Thaw ${name}`}>
          Thaw
        </ActButton>
      ) : (
        <ActButton name="freeze" input={input} label={`Freeze ${name}`}>
          Freeze
        </ActButton>
      )}
      {isCut ? (
        <ActButton name="restore" input={input} label={`Restore the network of ${name}`}>
          Restore
        </ActButton>
      ) : (
        <ActButton name="cut" input={input} label={`Cut the network of ${name}`}>
          Cut
        </ActButton>
      )}
    </span>
  )
}
