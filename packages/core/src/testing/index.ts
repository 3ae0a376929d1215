export { freshName, type KitOptions, type StorageUnderTest, type TestRunner } from './runner.ts'
export { storageKit } from './storage-kit.ts'
