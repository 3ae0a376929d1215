import type { PageEvent } from '../../../src/events/page-event.ts'
import type { Snapshot } from '../../../src/events/snapshot.ts'
import { type Draft, draftOf, finished } from './draft.ts'
import { foldAttempt } from './fold-attempt.ts'
import { foldCache } from './fold-cache.ts'
import { foldCall } from './fold-call.ts'
import { foldDatabase } from './fold-database.ts'
import { foldProcess, foldRedis } from './fold-process.ts'
import { forgetOld } from './forget.ts'
import { EMPTY, type Model } from './model.ts'

/** The newest lines of the log that the page keeps. */
const LOG_LINES = 2_000

/** The model after these events. An event that is in it already changes nothing. */
export function foldAll(model: Model, events: readonly PageEvent[]): Model {
  const news = events.filter(({ seq }) => seq > model.seq)
  if (news.length === 0) return model
  const draft = draftOf(model)
  for (const event of news) foldInto(draft, event)
  forgetOld(draft)
  return finished(draft)
}

export function fold(model: Model, event: PageEvent): Model {
  return foldAll(model, [event])
}

/** A model of what the server sends first. Of an earlier model of the same run it keeps that there is a gap. */
export function modelOf(snapshot: Snapshot, before: Model = EMPTY): Model {
  const { instances, redis, ...world } = snapshot.world
  const known = new Map(
    instances.map((instance) => [
      instance.name,
      { ...instance, frozen: [], cut: [], gone: [], disconnected: [], breakerOpen: [] },
    ]),
  )
  const empty: Model = {
    ...EMPTY,
    run: snapshot.run,
    world,
    instances: known,
    redis: { ...redis, stopped: [] },
  }
  const told = foldAll(empty, snapshot.events)
  // Its events say how it came to this; the state itself is what the world says now.
  const now = new Map(
    [...told.instances].map(([name, instance]) => [
      name,
      { ...instance, ...instances.find((each) => each.name === name) },
    ]),
  )
  return {
    ...told,
    instances: now,
    redis: { ...told.redis, ...redis },
    world,
    seq: snapshot.seq,
    gaps: gapBetween(before, snapshot),
  }
}

function gapBetween(before: Model, { run, events }: Snapshot): Model['gaps'] {
  const oldest = events.reduce<PageEvent | undefined>(
    (first, event) => (first === undefined || event.seq < first.seq ? event : first),
    undefined,
  )
  if (before.run !== run || before.latest === null || oldest === undefined) return []
  const missed = oldest.seq - before.seq - 1
  return missed > 0 && oldest.at > before.latest ? [{ from: before.latest, to: oldest.at, missed }] : []
}

function foldInto(draft: Draft, event: PageEvent): void {
  draft.seq = event.seq
  draft.since = Math.min(draft.since ?? event.at, event.at)
  draft.latest = Math.max(draft.latest ?? event.at, event.at)
  switch (event.type) {
    case 'call.asked':
    case 'call.waiting':
    case 'call.answered':
      foldCall(draft, event)
      return
    case 'attempt.started':
    case 'attempt.seen':
    case 'attempt.ended':
      foldAttempt(draft, event)
      return
    case 'row':
    case 'effect.saved':
    case 'effect.refused':
    case 'control.ran':
    case 'clean-up':
    case 'verdict':
    case 'sums':
      foldDatabase(draft, event)
      return
    case 'cache.sample':
      foldCache(draft, event)
      return
    case 'lock': {
      const { type: _type, seq: _seq, source: _source, ...lock } = event
      draft.map('locks').set(lock.name, lock)
      return
    }
    case 'review': {
      const { type: _type, seq: _seq, at: _at, source: _source, ...review } = event
      draft.map('reviews').set(review.id, review)
      return
    }
    case 'log': {
      const { type: _type, source: _source, ...line } = event
      const log = draft.list('log')
      log.push(line)
      if (log.length <= LOG_LINES) return
      draft.logDropped += log.length - LOG_LINES
      log.splice(0, log.length - LOG_LINES)
      return
    }
    case 'chapter.began':
      draft.list('chapters').push({
        id: event.chapterId,
        title: event.title,
        step: event.step,
        from: event.at,
        to: null,
      })
      return
    case 'chapter.ended':
      draft.chapters = draft.chapters.map((each) =>
        each.id === event.chapterId ? { ...each, to: event.at } : each,
      )
      return
    case 'hangfire': {
      const { type: _type, seq: _seq, at: _at, source: _source, ...hangfire } = event
      draft.world = { ...draft.world, hangfire }
      return
    }
    case 'reviewer':
      draft.world = { ...draft.world, reviewer: event.mode }
      draft.list('switches').push({ at: event.at, mode: event.mode })
      return
    case 'tour': {
      const { type: _type, seq: _seq, at: _at, source: _source, ...tour } = event
      draft.tour = tour
      return
    }
    case 'redis.stopped':
    case 'redis.started':
    case 'redis.answered':
      foldRedis(draft, event)
      return
    case 'instance.started':
    case 'instance.killed':
    case 'instance.exited':
    case 'instance.frozen':
    case 'instance.thawed':
    case 'instance.cut':
    case 'instance.restored':
    case 'connection':
    case 'breaker':
      foldProcess(draft, event)
  }
}
