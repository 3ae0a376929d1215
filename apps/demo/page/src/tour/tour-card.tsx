import type { JSX } from 'preact'
import { part } from '../model/store.ts'

/** Stands in the inspector's place while a tour is on. */
export function TourCard(): JSX.Element | null {
  const { step, title } = part('tour').value
  return step === null ? null : <aside class="panel tour">{title}</aside>
}
