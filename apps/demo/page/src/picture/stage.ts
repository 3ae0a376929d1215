import { effect, type ReadonlySignal, signal } from '@preact/signals'
import { type Model, workKey } from '../model/model.ts'
import { hostNow, liveModel } from '../model/store.ts'
import { onColoursChange } from '../styles/colours.ts'
import { crosshair, isLost, selection, span, until } from '../view.ts'
import { createArrows } from './arrows.ts'
import { busyTimes } from './busy.ts'
import { AXIS } from './draw/axis.ts'
import { fit, pixelRatio } from './canvas-size.ts'
import { draw } from './draw/draw.ts'
import { pastTiles, TILE } from './draw/past-tiles.ts'
import { type Palette, readPalette } from './draw/palette.ts'
import { textMeasure } from './draw/text-measure.ts'
import { createGlide, type Gliding } from './glide.ts'
import { hit } from './hit.ts'
import { layoutOf } from './layout.ts'
import type { Item, Layout, RowBox } from './shapes.ts'
import { type TimeScale, timeScale, xOfNow } from './time-scale.ts'

/** What the picture shows at the moment, for the parts of the page that stand over it. */
export interface Scene {
  readonly layout: Layout
  readonly scale: TimeScale
  readonly left: number
  readonly width: number
}

/** The picture's canvas at work. */
export interface Stage {
  readonly scene: ReadonlySignal<Scene | null>
  readonly rows: ReadonlySignal<readonly RowBox[]>
  /** Named elements over what is in view; at most 300. */
  readonly items: ReadonlySignal<readonly Item[]>
  /** What lies under a point of the canvas. */
  readonly itemAt: (x: number, y: number) => Item | undefined
  /** Lays out anew at once, since a visitor waits for it. */
  readonly refresh: () => void
  readonly resize: (width: number, headHeight: number) => void
  readonly close: () => void
}

/** Free space at the right of now. */
const AFTER_NOW = 28
const FRAME_MS = 1_000 / 30
const CALM_FRAME_MS = 1_000
/** While events keep coming, it is laid out anew so often; bars grow in every frame. */
const LAYOUT_MS = 100
const CALM_LAYOUT_MS = 250
const ITEMS_MS = 1_000
/** While the keyboard is elsewhere. */
const CALM_ITEMS_MS = 2_500
const MOST_ITEMS = 300
const GLIDE_MS = 250
const ARROW_MS = 400

export function openStage(canvas: HTMLCanvasElement, layer: HTMLElement, chapters: HTMLElement): Stage {
  const context = canvas.getContext('2d', { alpha: false })
  if (context === null) throw new Error('This browser has no canvas.')
  const measure = textMeasure(context)
  const past = pastTiles()
  const scene = signal<Scene | null>(null)
  const rows = signal<readonly RowBox[]>([])
  const items = signal<readonly Item[]>([])
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  const glide = createGlide(() => (calm.matches ? 0 : GLIDE_MS))
  const arrows = createArrows(() => (calm.matches ? 0 : ARROW_MS))
  let gliding: Gliding = { span: 0, from: null, share: 1 }
  let isDrawing = false
  let palette: Palette | undefined
  let size = { width: 0, headHeight: 0 }
  let origin = 0
  let run = ''
  let zoom = ''
  let laidOut: { readonly model: Model; readonly at: number } | undefined
  let itemsAt = 0
  let frameAt = 0
  let pause = LAYOUT_MS
  let handle = 0
  let isDirty = true
  /** Since it was painted. */
  let isLaidOut = false
  let shownLeft: number | undefined

  const layOut = (now: number): void => {
    const began = performance.now()
    const known = liveModel.peek()
    if (known.run !== run) {
      run = known.run
      origin = known.since ?? now
      shownLeft = undefined
    }
    const chosen = span.value ?? Math.max(15_000, now - (known.since ?? now))
    gliding = glide.at(span.value, chosen, began)
    const { span: shown } = gliding
    const usable = Math.max(1, size.width - AFTER_NOW)
    const scale = timeScale(
      Math.min(origin, known.since ?? origin),
      shown,
      usable,
      busyTimes(known, now),
      now,
    )
    const right = rightEdge(scale, now)
    glide.note({ span: shown, right: scale.timeOf(right) })
    const zoomNow = `${shown}:${size.width}:${size.headHeight}:${run}`
    const layout = layoutOf({
      model: known,
      now,
      scale,
      // Whole tiles, so that what goes out of view does not change one that is still in view.
      left: Math.floor((right - usable) / TILE) * TILE,
      width: size.width + 2 * TILE,
      edge: until.value === null || gliding.from !== null ? null : right - usable,
      measure,
      headHeight: size.headHeight,
      selected: selection.value?.kind === 'work' ? workKey(selection.value) : null,
      before: span.value !== null && zoomNow === zoom ? (scene.value?.layout ?? null) : null,
    })
    zoom = zoomNow
    laidOut = { model: known, at: now }
    // However much there is in view: at most a sixtieth of the time goes into it.
    pause = Math.max(LAYOUT_MS, 60 * (performance.now() - began))
    const { lines, isMoving } = arrows.drawn(layout.lines, began)
    isDrawing = isMoving
    scene.value = { layout: { ...layout, lines }, scale, left: right - usable, width: size.width }
    if (!isSame(rows.value, layout.rows)) rows.value = layout.rows
  }

  const rightEdge = (scale: TimeScale, now: number): number => {
    const right = until.value === null ? xOfNow(scale, now) : scale.xOf(until.value)
    if (gliding.from === null) return right
    const from = scale.xOf(gliding.from)
    return from + (right - from) * gliding.share
  }

  const paint = (now: number): void => {
    if (scene.value === null) return
    const { layout, scale } = scene.value
    const ratio = pixelRatio()
    const height = layout.height + AXIS
    fit(canvas, size.width, height, ratio)
    palette ??= readPalette(context, ratio)
    const nowX = xOfNow(scale, now)
    const left = eased(rightEdge(scale, now) - size.width + AFTER_NOW)
    if (gliding.from !== null || isDrawing) isDirty = true
    draw(
      context,
      past,
      layout,
      scale,
      {
        left,
        width: size.width,
        height,
        nowX: nowX - left,
        ratio,
        isStill: isLost.value,
        crosshairX: crosshair.value === null ? null : scale.xOf(crosshair.value),
      },
      palette,
    )
    if (layer.querySelector('.is-active') !== null) moveTo(layer, left)
    // A layer with nothing on it cannot be moved without the browser looking at all others.
    if (chapters.childElementCount > 0) {
      moveTo(chapters, left)
      chapters.style.setProperty('--left', String(Math.round(left)))
    }
  }

  /** Whether anything is another pixel further: it moves by whole ones. */
  const hasMoved = (now: number): boolean => {
    if (scene.value === null || shownLeft === undefined) return true
    const left = until.value === null ? xOfNow(scene.value.scale, now) - size.width + AFTER_NOW : shownLeft
    const ratio = pixelRatio()
    return Math.round(left * ratio) !== Math.round(shownLeft * ratio)
  }

  /** A fold that closes moves the past: not in one jump. */
  const eased = (left: number): number => {
    if (gliding.from !== null) return (shownLeft = left)
    const before = shownLeft
    const isJump =
      before !== undefined && Math.abs(left - before) > 24 && Math.abs(left - before) < size.width
    shownLeft = isJump && !calm.matches && until.value === null ? before + (left - before) * 0.25 : left
    if (isJump) isDirty = true
    return shownLeft
  }

  const isOlderThan = (times: number, now: number): boolean => {
    if (laidOut === undefined) return true
    const longest = laidOut.model === liveModel.peek() ? Math.max(pause, CALM_LAYOUT_MS) : pause
    return now - laidOut.at > times * longest
  }

  const frame = (time: number): void => {
    handle = requestAnimationFrame(frame)
    if (document.hidden || size.width === 0) return
    const isLive = !isLost.value && until.value === null
    const wait = calm.matches ? CALM_FRAME_MS : FRAME_MS
    const isBetween = time - frameAt < wait - 4
    if (!isDirty && (!isLive || isBetween)) {
      // The frames between two that are painted have the time for what takes longest.
      if (isLive && laidOut !== undefined && isOlderThan(1, hostNow())) {
        layOut(hostNow())
        isLaidOut = true
      }
      return
    }
    frameAt = time
    const now = hostNow()
    // A display that is slow, or a browser that is busy, has no such frames.
    const isLate = isDirty || (!isLaidOut && isOlderThan(1.5, now))
    if (isLate) layOut(now)
    const isNew = isLate || isLaidOut
    isDirty = isLaidOut = false
    if (isNew || hasMoved(now)) paint(now)
    const wanted = layer.parentElement === document.activeElement ? ITEMS_MS : CALM_ITEMS_MS
    // Rather not in a frame that has been laid out, which has enough to do.
    if (now - itemsAt > (isNew ? 2 * wanted : wanted)) offerItems(now)
  }

  const offerItems = (now: number): void => {
    itemsAt = now
    // Only the one that the keyboard stands on is visible: now and then is enough.
    moveTo(layer, shownLeft ?? 0)
    const { layout, left, width } = scene.value ?? { layout: null, left: 0, width: 0 }
    const inView = (layout?.items ?? []).filter(({ x, w }) => x + w > left && x < left + width)
    items.value =
      inView.length <= MOST_ITEMS
        ? inView
        : [
            ...inView.filter(({ isException }) => isException),
            ...inView.filter(({ isException }) => !isException).toReversed(),
          ]
            .slice(0, MOST_ITEMS)
            .toSorted((a, b) => a.at - b.at)
  }

  const refresh = (): void => {
    isDirty = true
    if (size.width === 0) return
    const now = hostNow()
    glide.finish()
    layOut(now)
    paint(now)
    offerItems(now)
  }

  const recolour = (): void => {
    palette = undefined
    isDirty = true
  }

  const stopWatching = effect(() => {
    void [selection.value, span.value, until.value, crosshair.value, isLost.value]
    isDirty = true
  })
  const stopColours = onColoursChange(recolour)
  void document.fonts.ready.then(() => {
    measure.forget()
    recolour()
  })
  handle = requestAnimationFrame(frame)

  return {
    scene,
    rows,
    items,
    refresh,
    itemAt: (x, y) => {
      if (scene.value === null || shownLeft === undefined) return undefined
      return hit(scene.value.layout.items, x + shownLeft, y - AXIS)
    },
    resize: (width, headHeight) => {
      size = { width, headHeight }
      isDirty = true
    },
    close: () => {
      cancelAnimationFrame(handle)
      stopWatching()
      stopColours()
    },
  }
}

function moveTo({ style }: HTMLElement, left: number): void {
  style.transform = `translateX(${-left}px)`
}

function isSame(a: readonly RowBox[], b: readonly RowBox[]): boolean {
  return (
    a.length === b.length &&
    a.every((row, index) => row.name === b[index]?.name && row.y === b[index].y && row.h === b[index].h)
  )
}
