import type { Box } from './shapes.ts'

/** The places that are taken. */
export interface Board {
  readonly isFree: (box: Box) => boolean
  readonly take: (box: Box) => void
}

/** Boxes are looked for in their own part of the board only. */
const CELL_WIDTH = 128
const CELL_HEIGHT = 32
const ROWS = 4_096

/** @param margin what stays free beside each box */
export function emptyBoard(margin = 2): Board {
  const cells = new Map<number, Box[]>()
  /** Whether it holds for every cell that the box lies in. */
  const every = ({ x, y, w, h }: Box, holds: (cell: number) => boolean): boolean => {
    const [left, right] = [Math.floor((x - margin) / CELL_WIDTH), Math.floor((x + w + margin) / CELL_WIDTH)]
    const [top, bottom] = [Math.floor(y / CELL_HEIGHT), Math.floor((y + h) / CELL_HEIGHT)]
    for (let column = left; column <= right; column += 1) {
      for (let row = top; row <= bottom; row += 1) if (!holds(column * ROWS + row)) return false
    }
    return true
  }
  return {
    isFree: (box) =>
      every(box, (cell) => {
        const others = cells.get(cell)
        if (others === undefined) return true
        for (const other of others) if (touches(box, other, margin)) return false
        return true
      }),
    take: (box) =>
      void every(box, (cell) => {
        const others = cells.get(cell)
        if (others === undefined) cells.set(cell, [box])
        else others.push(box)
        return true
      }),
  }
}

export function touches(a: Box, b: Box, margin = 0): boolean {
  return a.x < b.x + b.w + margin && b.x < a.x + a.w + margin && a.y < b.y + b.h && b.y < a.y + a.h
}
