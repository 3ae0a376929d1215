import type { Measure } from '../labels.ts'

/** Widths of texts, remembered: the same words come again in every layout. */
export function textMeasure(context: CanvasRenderingContext2D): Measure & { readonly forget: () => void } {
  const widths = new Map<string, number>()
  const measure = (text: string, form: 'label' | 'pill'): number => {
    const key = `${form}:${text}`
    const known = widths.get(key)
    if (known !== undefined) return known
    context.font = `${form === 'pill' ? 600 : 550} 11px ${getComputedStyle(document.body).fontFamily}`
    const width = context.measureText(text).width
    if (widths.size > 5_000) widths.clear()
    widths.set(key, width)
    return width
  }
  return Object.assign(measure, { forget: () => widths.clear() })
}
