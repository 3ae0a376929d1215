import { Controller, Post } from '@nestjs/common'
import { send } from '@holdfast/test-http-conformance'
import { Idempotent } from '@holdfast/nest'
import { expect, it } from 'vitest'
import { onEachPlatform } from './each-platform.ts'

onEachPlatform('a body that the app does not read', (start) => {
  const started = async (): Promise<string> => {
    @Controller()
    class Payments {
      @Post('pay')
      @Idempotent()
      pay() {
        return {}
      }
    }
    return `${(await start([Payments])).url}/pay`
  }
  const pay = async (url: string, headers: Record<string, string>, body: string) => {
    const { answer } = send(new URL(url), {
      method: 'POST',
      headers: { 'idempotency-key': 'k', ...headers },
      body: Buffer.from(body),
    })
    const { status, text } = await answer
    return { status, detail: text }
  }

  it.each([
    ['of another content type', { 'content-type': 'application/xml', 'content-length': '4' }, '<a/>'],
    ['of no content type', { 'content-length': '4' }, '<a/>'],
    ['that is empty and sent in chunks', { 'transfer-encoding': 'chunked' }, ''],
  ])('%s is refused with the reason', async (_name, headers, body) => {
    const { status, detail } = await pay(await started(), headers, body)
    expect(status).toBe(415)
    expect(detail).toMatch(/content.type|media type/i)
  })

  it('that is empty JSON in chunks is no fault of the server', async () => {
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const { status } = await pay(await started(), headers, '')
    expect([201, 400]).toContain(status)
  })
})
