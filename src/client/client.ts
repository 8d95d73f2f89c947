/** Darkroom from TypeScript, in Node and in browsers, without a dependency. `npm run client` makes one file of it. */
import type { Submission, TaskBody, TaskFilters, TaskMessage, Uploaded, VideoBody, WhyBody } from './bodies.ts'
import { type ConnectOptions, type Request, repeating, sender } from './request.ts'
import { randomName, upload } from './upload.ts'
import type { UploadOptions } from './upload-options.ts'
import { untilSuccess } from './wait.ts'
import { messagesAbout } from './watch.ts'

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

/** A task with the type of its result. */
export type Task<Result = unknown> = Omit<TaskBody, 'result'> & { result: Result }

export interface SubmitOptions extends Omit<Submission, 'task' | 'args'> {
  /** For a day the same task under the same key is submitted once. By default each call has its own key. */
  idempotency_key?: string
  signal?: AbortSignal
}

export interface WaitOptions {
  /** Seconds; without limit by default. */
  timeout?: number
  signal?: AbortSignal
}

/** What a program can ask of a server. */
export interface Client {
  /** Submits a task. If the answer is lost, the request is repeated with the same key, and the task exists once. */
  submit<Result = unknown>(task: string, args?: object, options?: SubmitOptions): Promise<Task<Result>>
  get<Result = unknown>(id: string): Promise<Task<Result>>
  /** The task once it has succeeded. Throws TaskFailed if it did not, and a DarkroomError `TIMEOUT` after `timeout`. */
  wait<Result = unknown>(id: string, options?: WaitOptions): Promise<Task<Result>>
  /** The status, then each change up to the final one, over a WebSocket that is opened again when it breaks. */
  watch(id: string, options?: { signal?: AbortSignal }): AsyncGenerator<TaskMessage, void, undefined>
  /** Cancels a task; with `wait` (seconds) the answer comes when its processes are gone. */
  cancel(id: string, options?: { wait?: number; signal?: AbortSignal }): Promise<Task>
  /** Retries a task that failed or was revoked. */
  retry<Result = unknown>(id: string): Promise<Task<Result>>
  /** Why a task does not run: what it waits for, and the requests that would change it. */
  why(id: string): Promise<WhyBody>
  /** Every task that fits the filters, newest first; `limit` is the size of a page. */
  tasks(filters?: TaskFilters): AsyncGenerator<Task, void, undefined>
  /**
   * Uploads a film: a File in browsers, in Node the answer of `openAsBlob` of `node:fs`. A connection that breaks costs a
   * second of it. An abort keeps what has arrived where the upload can go on, and removes it elsewhere.
   */
  uploadVideo(file: Blob, options?: UploadOptions): Promise<Uploaded>
  video(id: string): Promise<VideoBody>
}

/** The client of a server; in a page by default of the server at the page's own origin. */
export function connect(url?: string | URL, given: ConnectOptions = {}): Client {
  const { key } = given
  const options =
    key === undefined ? given : { ...given, headers: { ...given.headers, authorization: `Bearer ${key}` } }
  const base = addressOf(url)
  // The server may be below a path.
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const send = sender(base, options)
  const request = repeating(send, options)
  const about = (id: string) => `api/tasks/${encodeURIComponent(id)}`

  return {
    submit(task, args, { idempotency_key: key = randomName(), signal, ...said } = {}) {
      return request('POST', 'api/tasks', {
        body: { ...said, task, ...(args && { args }) },
        headers: { 'idempotency-key': key },
        repeatable: true,
        signal
      })
    },

    get: id => request('GET', about(id)),

    wait<Result>(id: string, waitOptions: WaitOptions = {}) {
      return untilSuccess(
        (wait, signal) => request<Task<Result>>('GET', about(id), { query: { wait }, signal }),
        waitOptions
      )
    },

    watch(id, { signal } = {}) {
      const address = new URL(`ws/tasks/${encodeURIComponent(id)}`, base)
      address.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
      // A WebSocket carries no headers: with headers the status is polled.
      const possible = globalThis.WebSocket && !options.headers
      return messagesAbout({
        ...(possible && { open: () => new WebSocket(address) }),
        look: () => request('GET', `${about(id)}/status`, { signal }),
        signal
      })
    },

    cancel: (id, { wait, signal } = {}) => request('POST', `${about(id)}/cancel`, { query: { wait }, signal }),
    retry: id => request('POST', `${about(id)}/retry`),
    why: id => request('GET', `${about(id)}/why`),
    tasks: filters => allTasks(request, filters),
    uploadVideo: (file, uploadOptions) => upload(send, base, file, uploadOptions),
    video: id => request('GET', `api/videos/${encodeURIComponent(id)}`)
  }
}

async function* allTasks(request: Request, filters: TaskFilters = {}): AsyncGenerator<Task, void, undefined> {
  for (let { cursor } = filters, more = true; more; ) {
    const { items, next_cursor }: { items: Task[]; next_cursor: string | null } = await request('GET', 'api/tasks', {
      query: { ...filters, cursor }
    })
    yield* items
    more = next_cursor !== null
    cursor = next_cursor ?? undefined
  }
}

function addressOf(url: string | URL | undefined) {
  // Not every page has an origin: `about:blank` and files have none.
  const here = (globalThis as { location?: { href: string } }).location?.href
  const page = here?.startsWith('http') ? here : undefined
  try {
    return new URL(url ?? '/', page)
  } catch (cause) {
    const given =
      url === undefined ? 'connect() without an address works in a page only' : `connect: ${url} is no address`
    throw new TypeError(`${given}; give the server's address, such as connect('http://127.0.0.1:8000')`, { cause })
  }
}
