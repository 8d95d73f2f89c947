import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Response } from 'light-my-request'
import pino, { type Logger } from 'pino'
import type { Test } from 'tap'
import { v7 as uuid } from 'uuid'
import { loadKinds } from '../../src/catalogue/catalogue.ts'
import { readConfig, withoutSecrets } from '../../src/config.ts'
import { connect, type Database } from '../../src/database/connect.ts'
import { type Limits, productionLimits } from '../../src/http/doors/limits/limits.ts'
import { type Api, startApi } from '../../src/http/start.ts'
import { type Media, proveMedia } from '../../src/runner/media.ts'
import { startWorker, type Worker } from '../../src/runner/start.ts'
import { installationKey } from '../../src/storage/store.ts'
import { channels } from '../../src/tasks/channels.ts'
import type { Kind, Kinds } from '../../src/tasks/define.ts'
import { isInternal } from '../../src/tasks/internal.ts'
import type { TaskBody } from '../../src/tasks/schemas.ts'
import { enqueue } from '../../src/tasks/submit/enqueue.ts'
import { newTask } from '../../src/tasks/submit/prepare.ts'
import { appUrlOf } from './cluster.ts'
import { borrowDatabase } from './database.ts'
import { type FilePart, form } from './form.ts'
import { patience } from './until.ts'

interface Options {
  /** Settings as the environment would give them. */
  env?: Record<string, string>
  /** Start a worker too. */
  worker?: boolean
  /** Be a server, which is ready only with a worker, whether or not one is started at once. */
  needsWorker?: boolean
  /** Called with every line of the log, from `info` on. */
  hear?: (line: any) => void
  /** Limits on clients. */
  limits?: Partial<Limits>
}

// A test is many clients at one address.
const many = 2_000
const usualLimits: Limits = {
  ...productionLimits,
  connectionsOfAddress: many,
  waits: many,
  sockets: many,
  streams: many
}

export interface Service {
  url: string
  dataDir: string
  env: Record<string, string>
  api: Api
  /** As the owner of the tables, who may do more than the service. */
  db: Database
  get(url: string, headers?: Record<string, string>): Promise<Response>
  post(url: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  patch(url: string, body?: unknown): Promise<Response>
  delete(url: string): Promise<Response>
  upload(parts: FilePart[], url?: string): Promise<Response>
  /** Uploads and answers the ids of the video and of the task that makes its prints. */
  keep(content: Buffer | string, filename?: string): Promise<{ id: string; task_id: string }>
  /** Binds a port and returns the address: for clients that need a real connection. */
  listen(): Promise<string>
  /** Submits a task and returns its id; one of an internal kind as its schedule does. */
  submit(task: string, args?: unknown, options?: Record<string, unknown>): Promise<string>
  /** Waits until a task is finished, in whatever state. */
  finished(id: string): Promise<TaskBody>
  /** Waits until a task satisfies a condition; by notifications, not by the clock. */
  until(id: string, condition: (task: TaskBody) => boolean): Promise<TaskBody>
  startWorker(env?: Record<string, string>): Promise<Worker>
  /** Every file below DATA_DIR, except for the installation's id and the master secret. */
  files(): Promise<string[]>
}

/** The real service on a database and a folder of its own: API in this process, worker too where one is wanted. */
export async function openService(
  t: Test,
  { env = {}, worker = false, needsWorker = worker, hear, limits }: Options = {}
): Promise<Service> {
  const url = env.DATABASE_URL ?? (await borrowDatabase(t))
  // As where Postgres is embedded: API and workers own nothing.
  const appUrl = env.DATABASE_URL ?? (await appUrlOf(url))
  const db = connect(url, { name: 'test', max: 4 })
  t.teardown(() => db.close())
  const dataDir = await mkdtemp(path.join(tmpdir(), 'darkroom-test-'))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))

  const settings = {
    DATABASE_URL: appUrl,
    DATA_DIR: dataDir,
    PORT: '0',
    WORKER_CONCURRENCY: '2',
    LOG_LEVEL: 'silent',
    ...env
  }
  const config = readConfig(settings)
  const kinds = await loadKinds(config)
  const log = hear ? pino({}, { write: line => hear(JSON.parse(line)) }) : pino({ level: config.LOG_LEVEL })
  const api = await startApi({ url: appUrl, config, kinds, log, needsWorker, limits: { ...usualLimits, ...limits } })
  t.teardown(() => api.stop(0))

  const service: Service = {
    url,
    dataDir: config.DATA_DIR,
    env: settings,
    api,
    db,
    ...requestsTo(api),
    async keep(content, filename = 'film.mp4') {
      const response = await service.upload([{ filename, content }])
      if (response.statusCode !== 201) throw new Error(response.body)
      return response.json()
    },
    listen: () => api.listen(),
    async submit(task, args = {}, options = {}) {
      if (isInternal(task)) return submitInternal(db, kinds.get(task)!, args, options)
      const response = await service.post('/api/tasks', { task, args, ...options })
      if (response.statusCode !== 201) throw new Error(response.body)
      return response.json().id
    },
    async finished(id) {
      const task = (await service.get(`/api/tasks/${id}?wait=${patience}`)).json()
      if (!task.finished_at) throw new Error(`The task is not finished after ${patience} s: ${JSON.stringify(task)}`)
      return task
    },
    until: async (id, condition) => waitForChange(service, id, condition),
    startWorker: (more = {}) =>
      startOwn(t, { url: appUrl, kinds, log, settings: { ...settings, ...more }, proves: hear !== undefined }),
    files: () => filesBelow(config.DATA_DIR)
  }
  if (worker) await service.startWorker()
  return service
}

interface OwnWorker {
  url: string
  kinds: Kinds
  log: Logger
  settings: Record<string, string>
  /** Proves its sandbox itself, and says so in the log. */
  proves: boolean
}

async function startOwn(t: Test, { url, kinds, log, settings, proves }: OwnWorker): Promise<Worker> {
  const config = readConfig(settings)
  const needs = { config, kinds, log }
  const worker: Worker = await startWorker({
    ...needs,
    id: uuid(),
    url,
    media: await (proves ? proveMedia(needs) : provedMedia(needs)),
    version: 'test',
    env: withoutSecrets({ ...process.env, ...settings }),
    end: () => void worker.stop(0)
  })
  // Before the database is dropped.
  t.teardown(() => worker.stop(0))
  return worker
}

function requestsTo({ app }: Api): Pick<Service, 'get' | 'post' | 'patch' | 'delete' | 'upload'> {
  return {
    get: (url, headers) => app.inject({ method: 'GET', url, headers }),
    post: (url, body, headers) => app.inject({ method: 'POST', url, payload: body as object, headers }),
    patch: (url, body) => app.inject({ method: 'PATCH', url, payload: body as object }),
    delete: url => app.inject({ method: 'DELETE', url }),
    upload: (parts, url = '/api/videos') => app.inject({ method: 'POST', url, ...form(parts) })
  }
}

/** A task of an internal kind, as its schedule submits it. */
async function submitInternal({ pool }: Database, kind: Kind, args: unknown, options: Record<string, unknown>) {
  const [enqueued] = await enqueue(pool, [newTask(kind, args, { resultExpires: 86_400 }, options)])
  await pool.query('select pg_notify($1, $2)', [channels.wake, kind.queue])
  return enqueued!.id
}

async function filesBelow(folder: string) {
  const look = () => readdir(folder, { recursive: true, withFileTypes: true })
  // A folder may be removed while it is read.
  const entries = await look().catch(error => (error.code === 'ENOENT' ? look() : Promise.reject(error)))
  return entries
    .filter(entry => entry.isFile())
    .map(entry => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter(file => file !== installationKey && file !== 'secret.key')
    .sort()
}

const proofs = new Map<string, Promise<Media>>()

/** A proof is of the machine and takes more CPU than a short test: these workers share one for all files of a process. */
function provedMedia(of: Parameters<typeof proveMedia>[0]) {
  const { MEDIA_SANDBOX, FFMPEG_PATH, FFPROBE_PATH, HARDWARE, CODECS } = of.config
  const about = JSON.stringify([MEDIA_SANDBOX, FFMPEG_PATH, FFPROBE_PATH, HARDWARE, CODECS])
  const proof = proofs.get(about) ?? proveMedia(of)
  proofs.set(about, proof)
  return proof
}

async function waitForChange({ api, get }: Service, id: string, condition: (task: TaskBody) => boolean) {
  const giveUp = AbortSignal.timeout(patience * 1000)
  for (;;) {
    const task: TaskBody = (await get(`/api/tasks/${id}`)).json()
    if (condition(task)) return task
    if (giveUp.aborted) throw new Error(`It did not come about within ${patience} s: ${JSON.stringify(task)}`)
    await new Promise<void>(resolve => {
      const seen = JSON.stringify(task)
      const stop = api.watching.watch(id, now => JSON.stringify(now) !== seen && done())
      giveUp.addEventListener('abort', done, { once: true })
      function done() {
        stop()
        giveUp.removeEventListener('abort', done)
        resolve()
      }
    })
  }
}
