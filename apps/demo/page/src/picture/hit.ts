import type { Item } from './shapes.ts'

/** The nearest of what lies within a finger's width. */
export function hit(items: readonly Item[], x: number, y: number): Item | undefined {
  const distance = ({ x: left, y: top, w, h }: Item): number =>
    Math.max(left - x, x - left - w, 0) + Math.max(top - y, y - top - h, 0)
  let best: Item | undefined
  for (const item of items) {
    if (distance(item) < 5 && (best === undefined || distance(item) < distance(best))) best = item
  }
  return best
}
