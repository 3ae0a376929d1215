// These are never constructed: they are abstract, and only stand for what is injected in their place.
/* oxlint-disable typescript/no-unsafe-declaration-merging */
import { Inject } from '@nestjs/common'
import type * as core from '@holdfast/core'
import { getCacheToken, getHoldfastToken, getIdempotencyToken, getLocksToken } from './tokens.ts'

/**
 * Locks that many processes share. A type and an injection token in one: `constructor(locks: Locks)` gets those of the
 * unnamed instance; for a named one there is {@link InjectLocks}.
 */
export abstract class Locks {}
export interface Locks extends core.Locks {}

/** Jobs that run once. A type and an injection token in one, as {@link Locks}. */
export abstract class Idempotency {}
export interface Idempotency extends core.Idempotency {}

/** The cache that many processes share. A type and an injection token in one, as {@link Locks}. */
export abstract class Cache {}
export interface Cache extends core.Cache {}

/** All of it: `locks`, `idempotency`, `cache` and `health()`. A type and an injection token in one, as {@link Locks}. */
export abstract class Holdfast {}
export interface Holdfast extends core.Holdfast {}

/** What `Inject` makes: a decorator for a constructor's parameter or a property. */
export type InjectDecorator = PropertyDecorator & ParameterDecorator

/** Injects the locks of a named instance. */
export function InjectLocks(name?: string): InjectDecorator {
  return Inject(getLocksToken(name))
}

/** Injects the jobs of a named instance. */
export function InjectIdempotency(name?: string): InjectDecorator {
  return Inject(getIdempotencyToken(name))
}

/** Injects the cache of a named instance. */
export function InjectCache(name?: string): InjectDecorator {
  return Inject(getCacheToken(name))
}

/** Injects a named instance as a whole. */
export function InjectHoldfast(name?: string): InjectDecorator {
  return Inject(getHoldfastToken(name))
}
