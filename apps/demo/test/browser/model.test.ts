/** What a model has said, and what it has cost, as a visitor sees it: with the stub that comes with the demo. */
import { describe, it } from 'vitest'
import { ended, fireAndWait } from './acts.ts'
import { useShownDemo } from './shown-demo.ts'

describe('a visitor', () => {
  const show = useShownDemo()

  it('sees what the second reviewer has found and what it costs, and that the same change costs once', async (context) => {
    const { expect } = context
    const { open, evidence, origin } = await show(context, { AIREVIEW_MODEL_STUB: 'yes' })
    const { page, faults } = await open()
    await fireAndWait(page)
    await ended(expect, evidence)
    const reviews = page.getByRole('region', { name: 'Reviews' })
    const summary = reviews.locator('summary', { hasText: 'Second reviewer' })
    await expect
      .poll(() => summary.innerText())
      .toMatch(/^Second reviewer: 1 call, [\d,]+ tokens, \$0\.\d{4}$/)
    await summary.click()
    const told = reviews.locator('.second')
    await told.getByText(/^rules-not-a-model has \d+ findings?\./).waitFor()
    expect(await told.getByRole('row').allInnerTexts()).toEqual([
      expect.stringMatching(/^Call\s+From\s+Tokens\s+Cost$/),
      expect.stringMatching(/^Answered\s+instance-\d\s+[\d,]+ \+ [\d,]+\s+\$0\.\d{4}$/),
    ])
    const metrics = await (await fetch(`${origin}/metrics`)).text()
    expect(metrics).toContain('aireview_model_calls_total{outcome="answered"} 1')
    expect(metrics).toMatch(/aireview_model_cost_dollars_total\{outcome="kept"\} 0\.\d+/)

    await fireAndWait(page)
    await expect.poll(() => evidence.ends().length).toBe(2)
    await reviews.getByRole('button', { name: /^#2 / }).click()
    await expect.poll(() => summary.innerText()).toBe('Second reviewer: nothing to pay, the answer was there')
    const again = await (await fetch(`${origin}/metrics`)).text()
    expect(again).toContain('aireview_model_calls_total{outcome="answered"} 1')
    if (process.env['MODEL_PICTURE'] !== undefined) {
      await reviews.getByRole('button', { name: /^#1 / }).click()
      await summary.click()
      await reviews.screenshot({ path: process.env['MODEL_PICTURE'] })
    }
    expect(faults).toEqual([])
  })
})
