import type { Layout } from '../shapes.ts'
import type { TimeScale } from '../time-scale.ts'
import { drawContent } from './content.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Palette } from './palette.ts'

/** Pixels of the layout. */
export const TILE = 128

/** Where the layout stands on the canvas, in its pixels, and what of it is in view, in those of the layout. */
export interface Place {
  readonly x: number
  readonly y: number
  readonly ratio: number
  readonly left: number
  readonly right: number
  /** Where now is. */
  readonly end: number
}

/**
 * What has been does not change: it is painted once, in tiles, and then only copied. A layout that says something else of a
 * tile, as when a process tells late what it did, has that one painted anew.
 */
export interface PastTiles {
  /** Shows all tiles in view that end before now. Returns how far they reach. */
  readonly show: (
    context: CanvasRenderingContext2D,
    place: Place,
    layout: Layout,
    scale: TimeScale,
    palette: Palette,
  ) => number
}

interface Tile {
  readonly context: CanvasRenderingContext2D
  /** What it was painted by. */
  layout: Layout | undefined
  palette: Palette | undefined
  fingerprint: number
}

export function pastTiles(): PastTiles {
  const tiles = new Map<number, Tile>()
  /** Those out of view, to be used again. */
  const spare: Tile[] = []

  const tileAt = (index: number, width: number, height: number): Tile => {
    const tile = tiles.get(index) ?? spare.pop() ?? newTile()
    tiles.set(index, tile)
    const { canvas } = tile.context
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width
      canvas.height = height
      tile.palette = undefined
    }
    return tile
  }

  return {
    show(context, { x, y, ratio, left, right, end }, layout, scale, palette) {
      const first = Math.floor(left / TILE)
      const last = Math.ceil(Math.min(right, end) / TILE)
      for (const [index, tile] of tiles) {
        if (index >= first && index < last) continue
        tiles.delete(index)
        spare.push({ ...tile, palette: undefined })
      }
      const height = Math.round(layout.height * ratio)
      let reached = first
      for (let index = first; index < last && (index + 1) * TILE <= end; index += 1) {
        const from = Math.round(index * TILE * ratio)
        const width = Math.round((index + 1) * TILE * ratio) - from
        const tile = tileAt(index, width, height)
        paintIfOther(tile, index, from, ratio, layout, scale, palette)
        context.drawImage(tile.context.canvas, from + x, y)
        reached = index + 1
      }
      return reached * TILE
    },
  }
}

function newTile(): Tile {
  const context = document.createElement('canvas').getContext('2d', { alpha: false })
  if (context === null) throw new Error('This browser has no canvas.')
  return { context, layout: undefined, palette: undefined, fingerprint: 0 }
}

function paintIfOther(
  tile: Tile,
  index: number,
  from: number,
  ratio: number,
  layout: Layout,
  scale: TimeScale,
  palette: Palette,
): void {
  if (tile.layout === layout && tile.palette === palette) return
  const [left, right] = [index * TILE, (index + 1) * TILE]
  const fingerprint = fingerprintOf(layout, scale, left, right)
  const isSame = tile.fingerprint === fingerprint && tile.palette === palette
  Object.assign(tile, { layout, palette, fingerprint })
  if (isSame) return
  const { context } = tile
  context.setTransform(ratio, 0, 0, ratio, -from, 0)
  // What is under way goes on beyond the tile.
  const part = { left: left - 1, right: right + 1, end: right + 1_000, clip: right + 1 }
  drawContent(context, layout, scale, part, palette)
}
