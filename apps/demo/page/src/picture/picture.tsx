import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { clockOf } from '../format.ts'
import { hostNow, part } from '../model/store.ts'
import { isLost, span } from '../view.ts'
import { AXIS } from './draw/axis.ts'
import { Chapters } from './chapters.tsx'
import { EmptyPicture } from './empty.tsx'
import { Gutter, InstanceHeads } from './gutter.tsx'
import { HappeningsTable } from './happenings-table.tsx'
import { Legend } from './legend.tsx'
import { movesOf } from './moves.ts'
import { Named, openedStage } from './named.tsx'
import { Overview } from './overview.tsx'
import { openStage, type Stage } from './stage.ts'
import { Tooltip } from './tooltip.tsx'
import { usePointer } from './use-pointer.ts'

/** Where the names of the rows lie above them. */
const NARROW = 640
const HEAD = 40
const SPAN_MS = 45_000
const NARROW_SPAN_MS = 15_000

/** Instances by time. The canvas is for those who see; the table has the same for all. */
export function Picture(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const layer = useRef<HTMLDivElement>(null)
  const chapters = useRef<HTMLDivElement>(null)
  const plot = useRef<HTMLDivElement>(null)
  const [stage, setStage] = useState<Stage | null>(null)
  const isTable = useSignal(false)
  const isNarrow = useSignal(false)

  useEffect(() => {
    if (
      canvas.current === null ||
      layer.current === null ||
      chapters.current === null ||
      plot.current === null
    )
      return
    const opened = openStage(canvas.current, layer.current, chapters.current)
    setStage(opened)
    openedStage.value = opened
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0)
      const narrow = innerWidth < NARROW
      // Unless the visitor has chosen another one.
      if (narrow && !isNarrow.value && span.value === SPAN_MS) span.value = NARROW_SPAN_MS
      if (!narrow && isNarrow.value && span.value === NARROW_SPAN_MS) span.value = SPAN_MS
      isNarrow.value = narrow
      opened.resize(width, narrow ? HEAD : 0)
    })
    observer.observe(plot.current)
    return () => {
      observer.disconnect()
      openedStage.value = null
      opened.close()
    }
  }, [])

  const pointer = usePointer(stage)
  const isEmpty = part('works').value.size === 0
  return (
    <section
      class="panel instances"
      id="instances"
      aria-labelledby="instances-title"
      data-lost={isLost.value ? '' : undefined}
    >
      <header>
        <h2 id="instances-title">Instances</h2>
        {isLost.value ? (
          <p class="still">Not live: it stands still since {clockOf(hostNow())}</p>
        ) : (
          <p>One row a process, one bar an attempt. The small number is its fence: the higher one wins.</p>
        )}
        <button
          type="button"
          class="link at-end"
          aria-pressed={isTable.value}
          onClick={() => (isTable.value = !isTable.value)}
        >
          {isTable.value ? 'Show as picture' : 'Show as table'}
        </button>
      </header>
      {isTable.value && (
        <>
          <InstanceHeads />
          <HappeningsTable />
        </>
      )}
      <div class="picture" hidden={isTable.value} data-narrow={isNarrow.value ? '' : undefined}>
        <Gutter stage={stage} />
        <div class="plot" ref={plot}>
          <Chapters stage={stage} layer={chapters} />
          <div
            class="canvas"
            {...pointer.handlers}
            onKeyDown={(event) => stage !== null && movesOf(stage)(event)}
          >
            <canvas ref={canvas} aria-hidden="true" />
            <Named stage={stage} layer={layer} top={AXIS} />
            <Tooltip stage={stage} at={pointer.at} />
            {isEmpty && <EmptyPicture />}
          </div>
        </div>
      </div>
      <Overview hidden={isTable.value} />
      <Legend />
    </section>
  )
}
