import { Test } from '@nestjs/testing'
import { memoryStorage } from '@holdfast/core'
import { HoldfastModule } from '@holdfast/nest'
import { expect, test } from 'vitest'

test.each<[RegExp, object]>([
  [/^graceMs must/, { graceMs: 'x' }],
  [/^logConnection must/, { logConnection: 'no' }],
  [/^holdfast must/, { holdfast: undefined }],
])('a module with wrong settings does not start: %s', async (message, options) => {
  const imports = [HoldfastModule.forRoot({ storage: memoryStorage(), ...options } as never)]
  await expect(Test.createTestingModule({ imports }).compile()).rejects.toThrow(message)
})
