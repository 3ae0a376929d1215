import type { JSX, RefObject } from 'preact'
import { clockOf } from '../format.ts'
import { hostNow, part } from '../model/store.ts'
import { show } from './moves.ts'
import type { Stage } from './stage.ts'

/** From so far before the left edge its name begins to move with the view. */
const FACE = 100

/** Its number needs so much; what is narrower in view would be a piece of a word. */
const LEAST = 28

/** The stories that the axis names. One click shows the whole of one. They move with the canvas: `--left` is its left edge. */
export function Chapters({
  stage,
  layer,
}: {
  readonly stage: Stage | null
  readonly layer: RefObject<HTMLDivElement | null>
}): JSX.Element {
  const chapters = part('chapters').value
  const scene = stage?.scene.value
  const { step } = part('tour').value
  return (
    <div class="chapters">
      <div class="layer" ref={layer} role="group" aria-label="Chapters">
        {scene != null &&
          chapters.map((chapter, index) => {
            const to = chapter.to ?? hostNow()
            // One that begins before this one is over has its own place.
            const next = chapters[index + 1]?.from ?? Infinity
            const x = scene.scale.xOf(chapter.from)
            const width = scene.scale.xOf(Math.min(to, next)) - x - 3
            if (width < 12 || x + width < scene.left + LEAST || x > scene.left + scene.width) return null
            const isCutOff = x < scene.left + FACE
            return (
              <button
                key={chapter.id}
                type="button"
                class={chapter.step !== null && chapter.step === step ? 'chapter is-on' : 'chapter'}
                style={{ left: `${x}px`, width: `${width}px` }}
                title={chapter.title}
                onClick={() => show(chapter.from, to)}
              >
                {/* Its name stays in view while its beginning is not. */}
                <span
                  class="face"
                  data-moves={isCutOff ? '' : undefined}
                  style={isCutOff ? { '--from': x, '--most': Math.max(0, width - LEAST) } : undefined}
                >
                  {chapter.step !== null && <i>{chapter.step}</i>}
                  {width >= 60 && <span>{chapter.title}</span>}
                </span>
                <span class="heard">
                  {width < 60 && chapter.title} {clockOf(chapter.from)}
                </span>
              </button>
            )
          })}
      </div>
    </div>
  )
}
