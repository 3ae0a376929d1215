import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Controller, Post, UploadedFile, UseInterceptors } from '@nestjs/common'
import { FileFieldsInterceptor, FileInterceptor } from '@nestjs/platform-express'
import { Test } from '@nestjs/testing'
import { memoryStorage } from '@holdfast/core'
import { HoldfastModule, Idempotent } from '@holdfast/nest'
import { expect, it } from 'vitest'

it('compares the files of a form, wherever an interceptor has put them', async () => {
  const dest = await mkdtemp(join(tmpdir(), 'holdfast-uploads-'))
  let runs = 0

  @Controller()
  class Uploads {
    @Post('memory')
    @UseInterceptors(FileInterceptor('receipt'))
    @Idempotent()
    memory(@UploadedFile() file: { size: number }) {
      runs += 1
      return { size: file.size }
    }

    @Idempotent()
    @Post('disk')
    @UseInterceptors(FileInterceptor('receipt', { dest }))
    disk(@UploadedFile() file: { size: number }) {
      runs += 1
      return { size: file.size }
    }

    @Post('fields')
    @UseInterceptors(FileFieldsInterceptor([{ name: 'receipt' }]))
    @Idempotent()
    fields() {
      runs += 1
      return {}
    }
  }

  const module = await Test.createTestingModule({
    imports: [HoldfastModule.forRoot({ storage: memoryStorage(), http: { scope: 'global' } })],
    controllers: [Uploads],
  }).compile()
  const app = module.createNestApplication({ logger: false })
  await app.listen(0, '127.0.0.1')
  const { port } = app.getHttpServer().address() as AddressInfo
  const post = async (path: string, bytes: string, amount = '1') => {
    const body = new FormData()
    body.set('amount', amount)
    body.set('receipt', new Blob([bytes]), 'receipt.txt')
    const { status, headers } = await fetch(`http://127.0.0.1:${port}/${path}`, {
      method: 'POST',
      body,
      headers: { 'idempotency-key': 'k', connection: 'close' },
    })
    return [status, headers.get('idempotent-replayed')]
  }
  for (const path of ['memory', 'disk', 'fields']) {
    expect(await post(path, 'some bytes')).toEqual([201, null])
    expect(await post(path, 'some bytes')).toEqual([201, 'true'])
    expect(await post(path, 'more bytes')).toEqual([422, null])
    expect(await post(path, 'some bytes', '2')).toEqual([422, null])
  }
  expect(runs).toBe(3)
  await app.close()
  await rm(dest, { recursive: true })
})
