import { expect, it } from 'vitest'
import { findingPlaces, stepFinding } from '../../src/reviews/step-findings.ts'
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

it('stays where it is when nothing was found', () => {
  expect(stepFinding([], null, 0, 1)).toBeNull()
})
