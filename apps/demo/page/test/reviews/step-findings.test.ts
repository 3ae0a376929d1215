import { expect, it } from 'vitest'
import { findingPlaces, stepFinding, worstFile } from '../../src/reviews/step-findings.ts'
import { fileOf, finding, reviewOf, unchanged } from './files.ts'

const review = reviewOf([
  fileOf([unchanged(1, 9)], [finding(8), finding(2)]),
  fileOf([unchanged(1, 9)]),
  fileOf([unchanged(1, 9)], [finding(1)]),
])
const places = findingPlaces(review)
const [first = null, second = null, third = null] = places

it('goes through all files, and round again', () => {
  expect(places).toHaveLength(3)
  expect(stepFinding(places, first, 0, 1)).toBe(second)
  expect(stepFinding(places, second, 0, 1)).toBe(third)
  expect(stepFinding(places, third, 2, 1)).toBe(first)
  expect(stepFinding(places, first, 0, -1)).toBe(third)
})

it('begins with the file that is shown', () => {
  expect(stepFinding(places, null, 1, 1)).toBe(third)
  expect(stepFinding(places, null, 1, -1)).toBe(second)
  expect(stepFinding(places, null, 0, -1)).toBe(third)
})

it('begins with the file that has the worst', () => {
  const bad = { ...fileOf([unchanged(1, 9)], [finding(1, 'error')]), errors: 1 }
  const doubtful = { ...fileOf([unchanged(1, 9)], [finding(1)]), warnings: 1 }
  const remarked = fileOf([unchanged(1, 9)], [finding(1, 'info')])
  const clean = fileOf([unchanged(1, 9)])
  expect(worstFile(reviewOf([clean, remarked, doubtful, bad]))).toBe(3)
  expect(worstFile(reviewOf([clean, remarked, doubtful]))).toBe(2)
  expect(worstFile(reviewOf([clean, remarked]))).toBe(1)
  expect(worstFile(reviewOf([clean]))).toBe(0)
})

it('stays where it is when nothing was found', () => {
  expect(stepFinding([], null, 0, 1)).toBeNull()
})
