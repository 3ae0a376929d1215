import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { WorldState } from '../events/snapshot.ts'
import { createRunFolder } from '../coordinator/run-folder.ts'
import { MODEL_CALLS, checkoutLock } from '../jobs/guarded-work.ts'
import { JOB_TYPES } from '../jobs/job.ts'
import { makeWorkTree } from '../review/work-tree.ts'
import { openStore } from '../store/store.ts'
import { createActs } from './acts.ts'
import { createAttemptBook } from './attempt-book.ts'
import { followDatabase } from './database-tail.ts'
import { createForge } from './forge.ts'
import { openGround } from './ground.ts'
import { createHangfireDesk } from './hangfire-desk.ts'
import { linkHangfire } from './hangfire-link.ts'
import { hearInstances } from './hear-instances.ts'
import { inBackground } from './in-background.ts'
import { createLockDesk } from './lock-desk.ts'
import { viewHeld } from './held-view.ts'
import { createLogBook } from './log-book.ts'
import { startMembers } from './members.ts'
import { createNews } from './news.ts'
import { provideModel } from './provide-model.ts'
import { createOpenCalls } from './open-calls.ts'
import { DEFAULTS, type WorldOptions, type WorldSettings } from './options.ts'
import { createPulse } from './pulse.ts'
import { viewRecord } from './record-view.ts'
import { createReviewDesk } from './review-desk.ts'
import { viewReview } from './review-view.ts'
import { readSource } from './source.ts'
import type { Scene } from './scene.ts'
import { createStarting } from './starting.ts'
import { createWatching } from './watching.ts'
import type { World } from './world.ts'

/** Every page waits while the coordinator waits for the database. */
const BUSY_MS = 1_000

/**
 * Starts instances over a Redis, and keeps them at work until it is closed.
 *
 * @throws Error with a message for people when a repository or a Redis cannot be used as asked
 */
export async function openWorld(options: WorldOptions): Promise<World> {
  const stack = new AsyncDisposableStack()
  try {
    const world = await open(options, stack)
    let closed: Promise<void> | undefined
    return { ...world, close: () => (closed ??= stack.disposeAsync()) }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

async function open(options: WorldOptions, stack: AsyncDisposableStack): Promise<Omit<World, 'close'>> {
  const settings: WorldSettings = { ...DEFAULTS, ...options }
  const folder = await createRunFolder(options.folder)
  const news = createNews()
  const logBook = createLogBook(news)
  const attempts = createAttemptBook(news)
  const source = await readSource(options, folder)
  const workTree = join(folder, 'checkout')
  // The database and the logs of a run are kept; the files are in the repository.
  stack.defer(() => rm(workTree, { recursive: true, force: true }))
  await makeWorkTree(source.path, workTree)
  const databasePath = join(folder, 'live.sqlite')
  const store = openStore(databasePath, { busyMs: BUSY_MS })
  stack.defer(() => store.close())
  store.reviews.addConfiguration({ name: 'local', provider: 'local', maxFiles: 200 })

  const ground = await openGround(settings, stack)
  const { observer, storage } = ground
  const reviews = createReviewDesk(store, news)
  const tail = followDatabase(store, news, { windowMs: settings.windowMs, onRows: reviews.refresh })
  stack.defer(() => tail.close())
  const hangfire =
    settings.hangfire &&
    createHangfireDesk({
      link: await linkHangfire(settings.hangfire, news, stack),
      source,
      reviews,
      store,
      news,
      otherName: settings.webhook?.repository,
    })
  // Those that instances have left when they ended are back in the queue then.
  stack.defer(() => hangfire?.settled())
  const lockDesk = createLockDesk(observer, news)
  stack.defer(() => lockDesk.close())
  const watching = createWatching(observer, news, (snapshot) => {
    if (snapshot.jobType !== 'ai-review') return
    const { jobKey, progressPercentage: percent, progressMessage: stage } = snapshot
    reviews.progressed(jobKey, { percent, stage })
    if (snapshot.stalled && hangfire !== undefined)
      inBackground(news, 'Its job is not back in the queue of Hangfire', hangfire.stalled(snapshot))
  })
  stack.defer(() => watching.close())
  const members = await startMembers(
    {
      settings,
      ground,
      folder,
      databasePath,
      workTree,
      model: await provideModel(settings.model, stack),
      news,
      openCalls: createOpenCalls(news),
      hangfire,
      onTold: hearInstances({ news, watching, lockDesk }),
      async onGone(instance, pid) {
        // What it had asked a model for is paid, and the answer went with it.
        store.modelCalls.abandon(instance)
        reviews.refresh()
        await hangfire?.gone(instance, pid)
      },
    },
    stack,
  )
  const pulse = await createPulse(ground, news)
  stack.defer(() => pulse.close())
  const scene: Scene = {
    members,
    ground,
    news,
    store,
    source,
    reviews,
    watching,
    lockDesk,
    tail,
    hangfire,
    folder,
    windowMs: settings.windowMs,
  }
  const starting = createStarting(scene)
  const acts = createActs(scene, starting)
  stack.defer(() => acts.close())
  const forge = settings.webhook && createForge(settings.webhook, scene, starting)
  stack.defer(() => forge?.close())

  const state = (): WorldState => ({
    instances: members.map((member) => member.state()),
    redis: pulse.state(),
    storage,
    repository: { name: source.name, path: source.path, isSample: source.isSample },
    reviewer: acts.reviewerMode(),
    jobTypes: JOB_TYPES,
    missingActions: ground.missingActions,
    ...(hangfire === undefined ? {} : { hangfire: hangfire.state() }),
  })
  return {
    state,
    subscribe(listener) {
      const end = news.subscribe(listener)
      // The locks are there before an instance takes them.
      for (const name of [checkoutLock(source.name), MODEL_CALLS]) lockDesk.show(name)
      return end
    },
    act: (name, input) => acts.act(name, input),
    forge,
    record: (jobType, jobKey) => viewRecord(ground, attempts, jobType, jobKey),
    held: (query) => viewHeld(ground, query),
    review: (id) => viewReview(store, id, hangfire),
    measure: async () =>
      await Promise.all(members.map(async (member) => (await member.running()?.measure()) ?? [])),
    spent: () => store.modelCalls.spent(),
    logs: async (executionId) => logBook.of(executionId),
  }
}
