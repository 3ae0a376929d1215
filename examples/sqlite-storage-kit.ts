import { after, before, describe, it } from 'node:test'
import { storageKit } from '@holdfast/core/testing'
import { sqliteStorage } from './sqlite-storage.ts'

storageKit({ describe, it, beforeAll: before, afterAll: after }, async () => {
  const storage = sqliteStorage(':memory:')
  return { storage, close: () => storage.close() }
})
