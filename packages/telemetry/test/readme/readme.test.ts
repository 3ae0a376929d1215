import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { otlpCollector } from '../otlp-collector.ts'

it('does what the README says of Fastify and prom-client', async () => {
  const { app, holdfast } = await import('./prometheus.ts')
  await holdfast.idempotency.run('invoice', crypto.randomUUID(), () => undefined)
  const scraped = await app.inject('/metrics')
  expect(scraped.headers['content-type']).toContain('text/plain')
  expect(scraped.body).toContain(
    'holdfast_job_duration_seconds_count{job_type="invoice",outcome="completed"} 1',
  )
  expect(scraped.body).toContain('holdfast_storage_connected{prefix="shop",storage="main"} 1')
  await app.close()
})

it('does what the README says of OpenTelemetry', async () => {
  const collector = await otlpCollector()
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url
  const { holdfast, stop } = await import('./opentelemetry.ts')
  await holdfast.idempotency.run('invoice', crypto.randomUUID(), () => undefined)
  await stop()
  collector.close()
  expect(collector.spans.map(({ name }) => name)).toEqual(['job invoice'])
  expect(collector.metrics.map(({ name }) => name)).toContain('holdfast.job.duration')
})

it('does what the README says of pino, and the process exits by itself', async () => {
  const args = ['--conditions=@holdfast/source', '--no-warnings', join(import.meta.dirname, 'pino.ts')]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  expect(JSON.parse(stdout)).toMatchObject({
    executionId: expect.any(String) as string,
    jobType: 'invoice',
    jobKey: 'order-42',
    attempt: 1,
    msg: 'drawing',
  })
})
