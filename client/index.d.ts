// Made of src/client by `npm run client`; a test compares.
interface Submission {
    /** Kind of the task */
    task?: string
    /** Arguments; each kind has its own, see `GET /api/kinds` */
    args?: Record<string, unknown>
    /** Name to show and to search for */
    name?: string
    /** Text to show and to search for */
    description?: string
    /** The same as `eta` */
    scheduled_time?: string
    /** Earliest start */
    eta?: string
    /** Seconds until the earliest start */
    countdown?: number
    /** Latest start (a time, or seconds from now): a task that has not started by then is revoked */
    expires?: number | string
    /** Queue; default: that of the kind */
    queue?: string
    /** Higher first; default: that of the kind */
    priority?: number
    /** Retries after failures; crashes have a budget of their own */
    max_retries?: number
    /** Seconds before the first retry */
    retry_delay?: number
    /** Whether the delay doubles with each retry */
    retry_backoff?: boolean
    /** Longest delay in seconds */
    retry_backoff_max?: number
    /** Whether each delay is drawn at random, up to that one */
    retry_jitter?: boolean
    /** Seconds after which the processes of an attempt are killed */
    time_limit?: number
    /** Seconds after which the `signal` of an attempt aborts */
    soft_time_limit?: number
    /** Seconds that the result stays readable */
    result_expires?: number
    /** Id of a webhook that is told of its end, whatever the filters of that webhook say */
    webhook?: string
    /** Words to filter by */
    tags?: string[]
}

interface TaskBody {
    /** Id (uuid) */
    id: string
    /** Kind */
    task: string
    /** Name, as submitted */
    name: string | null
    /** Text, as submitted */
    description: string | null
    /** Queue */
    queue: string
    /** 0 to 9, higher first */
    priority: number
    /** Arguments */
    args: unknown
    /** State in Celery's words */
    state: "PENDING" | "STARTED" | "RETRY" | "SUCCESS" | "FAILURE" | "REVOKED"
    /** State in plain English */
    status: "SCHEDULED" | "PENDING" | "PROCESSING" | "RETRYING" | "COMPLETED" | "FAILED" | "CANCELLED"
    /** Progress from 0 to 1; null if the task reports none */
    progress: number | null
    /** What the task reported beside its progress */
    progress_detail: unknown
    /** What the task returned; null until then, and once it has expired */
    result: unknown
    /** When the result expires */
    result_expires_at: string | null
    /** Why the task failed or was revoked, or that its result has expired */
    error: {
        /** Name of the error, or a word such as `cancelled`, `expired`, `time_limit` */
        type: string
        /** What went wrong */
        message: string
    } | null
    /** Attempts so far */
    attempts: number
    /** Retries after failures */
    max_retries: number
    /** Earliest start */
    eta: string | null
    /** Latest start: revoked if it has not started by then */
    expires_at: string | null
    /** When it was submitted */
    created_at: string
    /** When its latest attempt started */
    started_at: string | null
    /** When it reached its final state */
    finished_at: string | null
    /** Id of the worker of its latest attempt */
    worker: string | null
    /** Tags */
    tags: string[]
    /** Id of the schedule that made it */
    schedule_id: string | null
    /** Id of its film */
    video_id: string | null
    /** Name of the key that submitted it; null without one */
    created_by: string | null
    /** Its place in a trace (W3C Trace Context): `00-<trace id>-<span id>-<flags>`; null outside of one */
    traceparent: string | null
}

interface TaskFilters {
    /** Items per page */
    limit?: number
    /** `next_cursor` or `prev_cursor` of another page */
    cursor?: string
    /** Only tasks in these states: `PENDING`, `STARTED`, `RETRY`, `SUCCESS`, `FAILURE`, `REVOKED` */
    state?: string
    /** Only tasks with these statuses: `SCHEDULED`, `PENDING`, `PROCESSING`, `RETRYING`, `COMPLETED`, `FAILED`, `CANCELLED` */
    status?: string
    /** Only tasks of these kinds */
    task?: string
    /** Only tasks in these queues */
    queue?: string
    /** Only tasks whose latest attempt ran in one of these workers (ids) */
    worker?: string
    /** Only tasks with one of these tags */
    tag?: string
    /** Part of the name or description, or an id */
    q?: string
    /** Only tasks whose error has one of these texts in its message */
    error?: string
    /** Only tasks of these schedules (ids) */
    schedule_id?: string
    /** Only tasks of these films (ids) */
    video_id?: string
    /** Only tasks that were submitted after this time */
    created_after?: string
    /** Only tasks that were submitted before this time */
    created_before?: string
    /** Only tasks with at least so many attempts */
    attempts_min?: number
    /** Only tasks whose latest attempt ran, or has run, for at least so many seconds */
    ran_min?: number
    /** Only tasks that waited so many seconds for their first attempt */
    waited_min?: number
    /** By time of submission; `soonest`: by when they may start, next attempts included; `longest`: by how long the latest attempt ran, or has run */
    order?: "newest" | "oldest" | "soonest" | "longest"
}

interface TaskMessage {
    /** Id of the task */
    task_id: string
    /** State in plain English */
    status: "SCHEDULED" | "PENDING" | "PROCESSING" | "RETRYING" | "COMPLETED" | "FAILED" | "CANCELLED"
    /** State in Celery's words */
    state: "PENDING" | "STARTED" | "RETRY" | "SUCCESS" | "FAILURE" | "REVOKED"
    /** Progress from 0 to 1; null if the task reports none */
    progress: number | null
    /** What the task returned; null until then, and once it has expired */
    result: unknown
    /** Why the task failed or was revoked, or that its result has expired */
    error: {
        /** Name of the error, or a word such as `cancelled`, `expired`, `time_limit` */
        type: string
        /** What went wrong */
        message: string
    } | null
}

interface Uploaded {
    /** Id of the film */
    id: string
    /** Id of the task that makes the prints */
    task_id: string
    /** A sentence to show */
    message: string
    /** Name of the file, as uploaded */
    filename: string
    /** Size of the original */
    bytes: number
    /** SHA-256 of the original in hexadecimal */
    sha256: string
    /** Status of the film */
    status: "uploaded" | "processing" | "ready" | "failed"
}

interface VideoBody {
    /** Id (uuid) */
    id: string
    /** Name of the file, as uploaded */
    filename: string
    /** Size of the original */
    bytes: number
    /** SHA-256 of the original in hexadecimal */
    sha256: string
    /** Status of the film */
    status: "uploaded" | "processing" | "ready" | "failed"
    /** Whether prints are served; stays true while they are made again */
    processed: boolean
    /** Progress from 0 to 1; null while unknown */
    progress: number | null
    /** Address of the 480p print; null without one */
    resolution_480p: string | null
    /** Address of the 720p print; null without one */
    resolution_720p: string | null
    /** Address of the 1080p print; null without one */
    resolution_1080p: string | null
    /** Each print, also those that were skipped, with the reason */
    renditions: ({
        /** `480p`, `720p`, `1080p` … */
        name: string
        /** Width in pixels */
        width: number | null
        /** Height in pixels */
        height: number | null
        /** Status of the print */
        status: "pending" | "processing" | "ready" | "skipped" | "failed"
        /** Why it was skipped; `copied` of a print whose picture is that of the original; or the name of the error that the film failed with */
        reason: string | null
        /** Address of the print */
        url: string | null
        /** Size of the print */
        bytes: number | null
        /** Bits per second */
        bitrate: number | null
        /** Codec of the picture, or of the sound if there is none */
        codec: string | null
    })[]
    /** Master playlist (HLS): from the first segment on, while the film is still being made */
    hls_url: string | null
    /** Address of the poster (JPEG), a frame that is not black; null without one */
    poster_url: string | null
    /** Address of the storyboard (WebVTT): the part of a sheet, `#xywh=`, for each time */
    storyboard_url: string | null
    /** Streams and properties of the original, and as `notes` what the film does without; null until prints were made */
    probe: unknown
    /** Id of the latest task that makes the prints */
    task_id: string
    /** Why the film failed, else null */
    error: {
        /** Name of the error */
        type: string
        /** What went wrong */
        message: string
    } | null
    /** When it was uploaded */
    created_at: string
    /** When the prints that are served were ready */
    ready_at: string | null
    /** The text subtitles of the original */
    subtitles: ({
        /** Language (BCP 47): `und` if the file does not say; further tracks of one are `en-x-sdh`, `en-x-forced`, `en-x-2` … */
        language: string
        /** Address of the WebVTT file */
        url: string
    })[]
    /** Master playlist (HLS) for players that choose an audio track, once the film is ready; null where there is one track or none */
    hls_tracks_url: string | null
    /** Audio tracks of the prints and streams, in their order: several with the setting `AUDIO_TRACKS=all`; empty until prints were made, and without sound */
    audio_tracks: ({
        /** Language (BCP 47); `und` if the file does not say */
        language: string
        /** As players show it: the title of the track, else its language */
        name: string
        /** Whether it is played where nothing else is chosen */
        default: boolean
    })[]
    /** Name of the key that uploaded it; null without one */
    created_by: string | null
    /** For apps that sign links to films by themselves: each revocation raises it */
    playback_epoch: number
    /** `public`: prints, streams and pictures need no key; `signed`: a key or a signed link, where keys are needed; null: as the setting `PLAYBACK` says */
    playback: "public" | "signed" | null
}

interface WhyBody {
    /** What the task waits for; its meaning never changes */
    code: "scheduled" | "queue_paused" | "no_worker_for_queue" | "no_sandbox" | "kind_unknown_to_workers" | "workers_paused" | "slots_busy" | "retry_wait" | "claimed" | "running" | "finished" | "job_gone"
    /** The same for people, with names, numbers and the remedy */
    sentence: string
    /** When the code began to hold */
    since: string | null
    /** When that ends by itself, if known */
    until: string | null
    /** Requests that would change it, the remedy first */
    actions: ({
        /** Text for a button */
        label: string
        /** Method of the request */
        method: string
        /** Path of the request, from the root of the API */
        url: string
        /** Scope that a key needs for it */
        scope: string
        /** JSON body of the request, if it needs one */
        body?: {
            
        }
    })[]
}

interface Details {
    code: string;
    /** HTTP status; absent without an answer. */
    status?: number;
    /** Each field of a request that does not fit. */
    errors?: {
        field: string;
        message: string;
    }[];
    /** Seconds to wait before a retry, as the server says. */
    retryAfter?: number;
    cause?: unknown;
}
/**
 * An error of the server, with its code; or one of the client: `NETWORK` (no answer), `TIMEOUT` (the task did not end
 * in time), `HTTP` (an error without a code, as proxies send it).
 */
declare class DarkroomError extends Error {
    name: string;
    readonly code: string;
    readonly status: number | undefined;
    readonly errors: {
        field: string;
        message: string;
    }[];
    readonly retryAfter: number | undefined;
    constructor(message: string, { code, status, errors, retryAfter, cause }: Details);
}
/** `wait` ended with a task that failed or was revoked; `type` is its `error.type`. */
declare class TaskFailed extends DarkroomError {
    name: string;
    readonly type: string;
    readonly task: TaskBody;
    constructor(task: TaskBody);
}
/** The error in an answer of the server, or of a proxy before it. */
declare function errorOf(status: number, text: string, retryAfter?: string | null): DarkroomError;

interface ConnectOptions {
    /** Instead of the global one. */
    fetch?: typeof globalThis.fetch;
    /** Of the API, where it needs one: `dr_k_…`. Not for pages, whose readers would have it: they sign in. */
    key?: string;
    /** Sent with every request. */
    headers?: Record<string, string>;
    /**
     * Repetitions of a request without an answer, or with 429 or 503, after growing pauses (5 take about 8 s) or what
     * `Retry-After` says. Default 5.
     */
    retries?: number;
}
interface Ask {
    query?: Record<string, string | number | undefined>;
    /** A Blob is sent as it is, anything else as JSON. */
    body?: unknown;
    headers?: Record<string, string>;
    signal?: AbortSignal;
    /** Seconds until the answer; without limit by default. */
    timeout?: number;
    /** Whether the request may be sent twice; by default a GET. */
    repeatable?: boolean;
}
type Request = <T>(method: string, path: string, ask?: Ask) => Promise<T>;
declare const longestPause = 60;
/** Sends a request once. */
declare function sender(base: URL, { fetch, headers }: ConnectOptions): Request;
/** Repeats requests that are safe to repeat and may succeed. */
declare function repeating(send: Request, { retries }: ConnectOptions): Request;

interface UploadOptions {
    /** Name of a file that has none of its own. */
    filename?: string;
    /** For whom it is: all, or those with a key or a signed link. Not given: as the server's setting says. */
    playback?: 'public' | 'signed' | undefined;
    /** Called with the bytes of the file that have arrived. */
    onProgress?: (progress: {
        loaded: number;
        total: number;
    }) => void;
    /**
     * For a day the same file under the same key is stored once, and an upload that broke off goes on. Files of a page go
     * on without, also after a reload.
     */
    idempotency_key?: string;
    signal?: AbortSignal;
}

/**
 * Uploads by tus, in pieces, with the same requests in pages and programs. After a failure the server says where to go
 * on; so it does for a file that was chosen again after a reload.
 */
declare function upload(send: Request, base: URL, file: Blob, options?: UploadOptions): Promise<Uploaded>;
/** `crypto.randomUUID` is missing in pages without HTTPS. */
declare function randomName(): string;

/** Darkroom from TypeScript, in Node and in browsers, without a dependency. `npm run client` makes one file of it. */
/** A task with the type of its result. */
type Task<Result = unknown> = Omit<TaskBody, 'result'> & {
    result: Result;
};
interface SubmitOptions extends Omit<Submission, 'task' | 'args'> {
    /** For a day the same task under the same key is submitted once. By default each call has its own key. */
    idempotency_key?: string;
    signal?: AbortSignal;
}
interface WaitOptions {
    /** Seconds; without limit by default. */
    timeout?: number;
    signal?: AbortSignal;
}
/** What a program can ask of a server. */
interface Client {
    /** Submits a task. If the answer is lost, the request is repeated with the same key, and the task exists once. */
    submit<Result = unknown>(task: string, args?: object, options?: SubmitOptions): Promise<Task<Result>>;
    get<Result = unknown>(id: string): Promise<Task<Result>>;
    /** The task once it has succeeded. Throws TaskFailed if it did not, and a DarkroomError `TIMEOUT` after `timeout`. */
    wait<Result = unknown>(id: string, options?: WaitOptions): Promise<Task<Result>>;
    /** The status, then each change up to the final one, over a WebSocket that is opened again when it breaks. */
    watch(id: string, options?: {
        signal?: AbortSignal;
    }): AsyncGenerator<TaskMessage, void, undefined>;
    /** Cancels a task; with `wait` (seconds) the answer comes when its processes are gone. */
    cancel(id: string, options?: {
        wait?: number;
        signal?: AbortSignal;
    }): Promise<Task>;
    /** Retries a task that failed or was revoked. */
    retry<Result = unknown>(id: string): Promise<Task<Result>>;
    /** Why a task does not run: what it waits for, and the requests that would change it. */
    why(id: string): Promise<WhyBody>;
    /** Every task that fits the filters, newest first; `limit` is the size of a page. */
    tasks(filters?: TaskFilters): AsyncGenerator<Task, void, undefined>;
    /**
     * Uploads a film: a File in browsers, in Node the answer of `openAsBlob` of `node:fs`. A connection that breaks costs a
     * second of it. An abort keeps what has arrived where the upload can go on, and removes it elsewhere.
     */
    uploadVideo(file: Blob, options?: UploadOptions): Promise<Uploaded>;
    video(id: string): Promise<VideoBody>;
}
/** The client of a server; in a page by default of the server at the page's own origin. */
declare function connect(url?: string | URL, given?: ConnectOptions): Client;

export { Client, ConnectOptions, DarkroomError, Submission, SubmitOptions, Task, TaskBody, TaskFailed, TaskFilters, TaskMessage, UploadOptions, Uploaded, VideoBody, WaitOptions, WhyBody, connect }
