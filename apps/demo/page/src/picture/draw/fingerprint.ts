import type { BandShape, Layout, Shape, Stretch } from '../shapes.ts'
import type { TimeScale } from '../time-scale.ts'
import { gridLinesOf } from './axis.ts'
import { BEYOND, isGrowing } from './content.ts'

/** A number that is another one when anything else is to be painted between two places, which both are in the past. */
export function fingerprintOf(layout: Layout, scale: TimeScale, left: number, right: number): number {
  const [from, to] = [left - BEYOND, right + BEYOND]
  let hash = 0x811c9dc5
  const add = (value: number): void => {
    // To a 64th of a pixel.
    hash = Math.imul(hash ^ Math.round(value * 64), 0x01000193)
    hash ^= hash >>> 15
  }
  const addText = (text: string): void => {
    for (let index = 0; index < text.length; index += 1) add(text.charCodeAt(index))
    add(-1)
  }
  const addFlag = (is: boolean): void => add(is ? 1 : 2)
  /** Where something ends outside does not matter. */
  const addEdge = (x: number): void => add(Math.max(from - BEYOND, Math.min(to + BEYOND, x)) - left)
  const addBox = (box: Shape | BandShape): void => {
    addEdge(box.x)
    addEdge(isGrowing(box) ? Infinity : box.x + box.w)
    add(box.y)
    add(box.h)
    addText(box.kind)
  }
  const addStretches = (stretches: readonly Stretch[]): void => {
    for (const { x, w } of stretches) {
      if (x > to || x + w < from) continue
      addEdge(x)
      addEdge(x + w)
    }
    add(-1)
  }
  const addShape = (shape: Shape): void => {
    addBox(shape)
    if ('isSelected' in shape) addFlag(shape.isSelected)
    switch (shape.kind) {
      case 'bar':
        addText(shape.state)
        addFlag(shape.isOpen)
        add(shape.rank ?? -1)
        for (const tick of shape.ticks) if (tick >= from && tick <= to) add(tick)
        addStretches(shape.frozen)
        addStretches(shape.kept)
        addEdge(shape.leaseOverX ?? -Infinity)
        return
      case 'wait':
        addText(shape.end)
        return
      case 'sign':
        addText(shape.sign)
        add(shape.count)
        return
      case 'count':
        add(shape.share)
        addFlag(shape.isOpen)
        return
      case 'stub':
      case 'lease':
    }
  }

  add(layout.height)
  for (const { kind, y, h, top } of layout.rows) {
    addText(kind)
    add(y)
    add(h)
    add(top)
  }
  for (const x of gridLinesOf(scale, left, right)) add(x - left)
  for (const band of layout.bands) {
    if (band.x > to || band.x + band.w < from) continue
    addBox(band)
    // Its dashes, and the mark in its middle, go by its whole length.
    if (!band.isOpen) add(band.w)
    addFlag(band.isOpen)
  }
  for (const { kind, x1, y1, x2, y2, isSelected } of layout.lines) {
    if (Math.min(x1, x2) > to || Math.max(x1, x2) < from) continue
    addText(kind)
    add(x1 - left)
    add(x2 - left)
    add(y1)
    add(y2)
    addFlag(isSelected)
  }
  for (const shape of layout.shapes) if (shape.x <= to && shape.x + shape.w >= from) addShape(shape)
  for (const label of layout.labels) {
    if (label.x > to || label.x + label.w < from) continue
    add(label.x - left)
    add(label.y)
    add(label.w)
    add(label.h)
    for (const text of [label.text, label.form, label.tone, label.ground, label.icon]) addText(text)
  }
  addStretches(layout.redisBreaks)
  return hash
}
