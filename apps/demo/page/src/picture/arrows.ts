import type { LineShape } from './shapes.ts'

/** Draws the arrow of a takeover once, when it is seen for the first time: its head goes from the one to the other. */
export interface Arrows {
  /** The lines as they are at that time, and whether one is still on its way. */
  readonly drawn: (
    lines: readonly LineShape[],
    time: number,
  ) => { lines: readonly LineShape[]; isMoving: boolean }
}

/** @param lengthMs 0: the visitor does not want to see things move */
export function createArrows(lengthMs: () => number): Arrows {
  const seen = new Map<string, number>()
  return {
    drawn(lines, time) {
      let isMoving = false
      const drawn = lines.map((line) => {
        if (line.kind !== 'takeover') return line
        const beganAt = seen.get(line.id) ?? time
        seen.set(line.id, beganAt)
        const part = lengthMs() === 0 ? 1 : (time - beganAt) / lengthMs()
        if (part >= 1) return line
        isMoving = true
        const share = 1 - (1 - part) ** 2
        return {
          ...line,
          x2: line.x1 + (line.x2 - line.x1) * share,
          y2: line.y1 + (line.y2 - line.y1) * share,
        }
      })
      return { lines: isMoving ? drawn : lines, isMoving }
    },
  }
}
