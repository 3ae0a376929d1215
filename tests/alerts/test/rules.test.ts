/** The alert rules of examples/operations/prometheus are what Prometheus accepts, and fire when they should and no sooner. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { panels, queriesOf, sent } from '../src/dashboard.ts'
import { needs } from '../src/needs.ts'
import { promtool } from '../src/promtool.ts'
import { alerts, fileOf } from '../src/rules.ts'

const NAMES = ['holdfast.rules.yml', 'holdfast.rules.test.yml', 'one-job.rules.yml', 'prometheus.yml']
const files = Object.fromEntries(NAMES.map((name) => [name, fileOf(`prometheus/${name}`)]))
const root = join(import.meta.dirname, '../../..')

describe('promtool', () => {
  needs(['promtool'])

  it.each([
    ['check rules', ['check', 'rules', 'holdfast.rules.yml'], `SUCCESS: ${alerts().length} rules found`],
    ['check rules of one job', ['check', 'rules', 'one-job.rules.yml'], 'SUCCESS: 1 rules found'],
    ['check config', ['check', 'config', 'prometheus.yml'], 'is valid prometheus config'],
    ['test rules', ['test', 'rules', 'holdfast.rules.test.yml'], 'SUCCESS'],
  ])('%s', async (_name, args, success) => {
    const { code, output } = await promtool(args, files)
    expect(output).toContain(success)
    expect(code).toBe(0)
  })

  it('check rules, of every query of the dashboard', async () => {
    const expressions = panels().flatMap((panel) => queriesOf(panel).map((query) => sent(query)))
    const rules = expressions.map((expr, i) => ({ record: `panel:${i}`, expr }))
    const file = JSON.stringify({ groups: [{ name: 'dashboard', rules }] }) // which is YAML
    const { output } = await promtool(['check', 'rules', 'rules.yml'], { 'rules.yml': file })
    expect(output).toContain(`SUCCESS: ${expressions.length} rules found`)
  })
})

describe('each alert', () => {
  it('is one of the seven of the documents', () => {
    const named = new Set(alerts().map(({ alert }) => alert))
    expect([...named].sort()).toEqual([
      'HoldfastBreakerOpen',
      'HoldfastJobStuck',
      'HoldfastLeaseLost',
      'HoldfastLoaderFailures',
      'HoldfastRedisMemory',
      'HoldfastStorageDown',
      'HoldfastWaitersPileUp',
    ])
    const monitoring = readFileSync(join(root, 'docs/operations/monitoring.md'), 'utf8')
    for (const name of named)
      expect(monitoring).toContain(`\n| [\`${name}\`](runbook.md#${name.toLowerCase()})`)
  })

  it.each(alerts())(
    '$alert ($for) says how bad it is, what happened, what to do, and where to read on',
    (rule) => {
      const { summary, description, runbook_url } = rule.annotations
      expect(rule.labels.severity).toMatch(/^(critical|warning)$/)
      expect(rule.for).toMatch(/^\d+m$/)
      expect(summary).toMatch(/\{\{ \$labels\.\w+ \}\}/)
      expect(description.length).toBeGreaterThan(summary.length)
      const [page = '', anchor] = runbook_url.split('#')
      expect(anchor).toBe(rule.alert.toLowerCase())
      const runbook = readFileSync(join(root, page), 'utf8')
      expect(runbook).toMatch(new RegExp(`^### ${rule.alert}$`, 'm'))
      // The commands of the runbook were played.
      for (const [command] of description.matchAll(/npx @holdfast\/cli(?: [a-z]+)+/g))
        expect(runbook).toContain(command)
    },
  )

  it('is seen to fire and to stay silent in the unit tests', () => {
    interface Check {
      readonly alertname: string
      readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[]
    }
    const { tests } = parse(files['holdfast.rules.test.yml'] ?? '') as {
      readonly tests: readonly { readonly alert_rule_test: readonly Check[] }[]
    }
    const checks = tests.flatMap((test) => test.alert_rule_test)
    for (const { alert, labels } of alerts()) {
      const ofAlert = checks.filter(({ alertname }) => alertname === alert)
      const fired = ofAlert.flatMap((check) => check.exp_alerts.map((each) => each.exp_labels))
      expect(fired).toContainEqual(expect.objectContaining(labels))
      expect(ofAlert.filter((check) => check.exp_alerts.length === 0).length).toBeGreaterThan(1)
    }
  })
})
