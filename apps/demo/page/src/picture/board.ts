import type { Box } from './shapes.ts'

/** The places that are taken. */
export interface Board {
  readonly isFree: (box: Box) => boolean
  readonly take: (box: Box) => void
}

const CELL = 128

/** @param margin what stays free around each box */
export function emptyBoard(margin = 2): Board {
  const cells = new Map<number, Box[]>()
  const cellsOf = ({ x, w }: Box): readonly number[] => {
    const [first, last] = [Math.floor((x - margin) / CELL), Math.floor((x + w + margin) / CELL)]
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  }
  return {
    isFree: (box) =>
      cellsOf(box).every((cell) => !cells.get(cell)?.some((other) => touches(box, other, margin))),
    take: (box) => {
      for (const cell of cellsOf(box)) {
        const boxes = cells.get(cell)
        if (boxes === undefined) cells.set(cell, [box])
        else boxes.push(box)
      }
    },
  }
}

export function touches(a: Box, b: Box, margin = 0): boolean {
  return a.x < b.x + b.w + margin && b.x < a.x + a.w + margin && a.y < b.y + b.h && b.y < a.y + a.h
}
