/**
 * Darkroom from TypeScript, in Node and in the browser, without a dependency. Whatever it imports from the rest is a
 * type: the same schemas that the routes are checked by.
 */
import type { Submission, TaskBody, TaskFilters } from '#tasks/schemas.ts'
import type { WhyBody } from '#tasks/why/routes.ts'
import type { VideoBody } from '#videos/schemas.ts'
import { DarkroomError, TaskFailed } from './errors.ts'
import { pause } from './pause.ts'
import { type ConnectOptions, requester } from './request.ts'
import { randomName, type Uploaded, type UploadOptions, upload } from './upload.ts'
import { isFinal, messagesAbout, type TaskMessage } from './watch.ts'

export { DarkroomError, TaskFailed } from './errors.ts'
export type {
  ConnectOptions,
  Submission,
  TaskBody,
  TaskFilters,
  TaskMessage,
  Uploaded,
  UploadOptions,
  VideoBody,
  WhyBody
}

/** A task whose result is known to be of a type. */
export type Task<Result = unknown> = Omit<TaskBody, 'result'> & { result: Result }

export interface SubmitOptions extends Omit<Submission, 'task' | 'args'> {
  /** Under the same key the same task is submitted once, for a day. Without one, each call has its own. */
  idempotency_key?: string
  signal?: AbortSignal
}

export interface WaitOptions {
  /** Seconds; for ever where it is not given. */
  timeout?: number
  signal?: AbortSignal
}

export type Client = ReturnType<typeof connect>

// Shorter than what proxies usually put up with.
const longestPoll = 25
// An answer that came at once although the task is not finished is that of a server that stops.
const shortestPoll = 0.5

export function connect(url: string | URL, options: ConnectOptions = {}) {
  const base = new URL(url, (globalThis as { location?: { href: string } }).location?.href)
  // A server may live in a folder of another one.
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const request = requester(base, options)
  const about = (id: string) => `api/tasks/${encodeURIComponent(id)}`

  return {
    /** Submits a task. Sent again with the same key where the answer is lost: it is there once. */
    submit<Result = unknown>(task: string, args?: object, submitOptions: SubmitOptions = {}): Promise<Task<Result>> {
      const { idempotency_key: key = randomName(), signal, ...said } = submitOptions
      return request('POST', 'api/tasks', {
        body: { ...said, task, ...(args && { args }) },
        headers: { 'idempotency-key': key },
        repeatable: true,
        signal
      })
    },

    get<Result = unknown>(id: string): Promise<Task<Result>> {
      return request('GET', about(id))
    },

    /** The task when it has succeeded; throws TaskFailed when it has not, and a DarkroomError `TIMEOUT` when it is late. */
    async wait<Result = unknown>(id: string, { timeout = Infinity, signal }: WaitOptions = {}): Promise<Task<Result>> {
      const end = performance.now() + timeout * 1000
      const late = new DarkroomError(`The task is not finished after ${timeout} s`, { code: 'TIMEOUT' })
      const clock = Number.isFinite(timeout) ? new AbortController() : undefined
      // A little later than the server answers: it is only for a server that does not.
      const timer = clock && setTimeout(() => clock.abort(late), timeout * 1000 + 1000)
      const signals = [signal, clock?.signal].filter(each => each !== undefined)
      const either = signals.length > 0 ? AbortSignal.any(signals) : undefined
      try {
        for (;;) {
          const asked = performance.now()
          const wait = Math.max(0, Math.min(longestPoll, (end - asked) / 1000))
          const task = await request<Task<Result>>('GET', about(id), { query: { wait }, signal: either })
          if (task.state === 'SUCCESS') return task
          if (isFinal(task)) throw new TaskFailed(task)
          const now = performance.now()
          if (now >= end) throw late
          const took = (now - asked) / 1000
          if (took < Math.min(wait, shortestPoll)) await pause(shortestPoll - took, either)
        }
      } finally {
        clearTimeout(timer)
      }
    },

    /** What the task is, then each change, and the end of it; over a WebSocket that is opened again when it breaks. */
    watch(id: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<TaskMessage, void, undefined> {
      const address = new URL(`ws/tasks/${encodeURIComponent(id)}`, base)
      address.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
      // A WebSocket cannot carry headers; what may be asked only with them is asked again and again.
      const possible = globalThis.WebSocket && !options.headers
      return messagesAbout({
        ...(possible && { open: () => new WebSocket(address) }),
        look: () => request('GET', `${about(id)}/status`, { signal }),
        signal
      })
    },

    /** Cancels; with `wait` (seconds) the answer comes when its processes are gone. */
    cancel(id: string, { wait, signal }: { wait?: number; signal?: AbortSignal } = {}): Promise<Task> {
      return request('POST', `${about(id)}/cancel`, { query: { wait }, signal })
    },

    /** Tries a task again that failed or was revoked. */
    retry<Result = unknown>(id: string): Promise<Task<Result>> {
      return request('POST', `${about(id)}/retry`)
    },

    /** Why a task does not run: what it waits for, and the requests that would change it. */
    why(id: string): Promise<WhyBody> {
      return request('GET', `${about(id)}/why`)
    },

    /** Every task that fits, newest first; `limit` is how many are asked for at once. */
    async *tasks(filters: TaskFilters = {}): AsyncGenerator<Task, void, undefined> {
      for (let { cursor } = filters, more = true; more; ) {
        const { items, next_cursor }: { items: Task[]; next_cursor: string | null } = await request(
          'GET',
          'api/tasks',
          { query: { ...filters, cursor } }
        )
        yield* items
        more = next_cursor !== null
        cursor = next_cursor ?? undefined
      }
    },

    /** Uploads a film: a File of a browser, or in Node what `openAsBlob` of `node:fs` answers. */
    uploadVideo(file: Blob, uploadOptions?: UploadOptions): Promise<Uploaded> {
      const { fetch, headers } = options
      return upload({ url: new URL('api/videos', base), fetch, headers }, file, uploadOptions)
    },

    video(id: string): Promise<VideoBody> {
      return request('GET', `api/videos/${encodeURIComponent(id)}`)
    }
  }
}
