import createError from '@fastify/error'

/**
 * Every failure that a client can act on: code, sentence, status; a test compares this list with the README's table.
 * Programs branch on the code, so it is never renamed and never gets another meaning.
 */
export const InvalidRequest = createError('INVALID_REQUEST', '%s', 400)
export const InvalidJson = createError('INVALID_JSON', 'The body is not JSON: %s', 400)
export const InvalidCursor = createError(
  'INVALID_CURSOR',
  'The cursor does not come from this list: begin without one',
  400
)
export const UnknownTask = createError('UNKNOWN_TASK', 'There is no kind of task named "%s"', 400)
export const KindInternal = createError(
  'KIND_INTERNAL',
  'The kind "%s" is internal: only Darkroom and the scope "admin" submit and steer its tasks',
  403
)
export const UnknownQueue = createError('UNKNOWN_QUEUE', 'There is no queue named "%s"', 400)
export const BulkNotFound = createError('BULK_NOT_FOUND', 'There is no bulk operation with the id "%s"', 404)
export const BulkFinished = createError('BULK_FINISHED', 'The operation has ended already, as %s', 409)
export const BulkNotUndoable = createError('BULK_NOT_UNDOABLE', 'The operation cannot be undone: %s', 409)
export const PreviewRefused = createError('PREVIEW_REFUSED', '%s: make another dry run', 409)
export const UploadNotMultipart = createError(
  'UPLOAD_NOT_MULTIPART',
  'An upload is multipart/form-data with the file in its field "video"',
  415
)
export const UploadMissing = createError('UPLOAD_MISSING', 'There is no file in the field "video"', 400)
export const UploadSeveral = createError('UPLOAD_SEVERAL', 'One upload carries one file; this one has several', 400)
export const UploadEmpty = createError('UPLOAD_EMPTY', 'The file is empty', 400)
export const UploadBroken = createError('UPLOAD_BROKEN', 'The upload is not well-formed multipart: %s', 400)
export const UploadTooLarge = createError('UPLOAD_TOO_LARGE', 'The file is larger than the allowed %s bytes', 413)
export const UploadOverlong = createError(
  'UPLOAD_OVERLONG',
  'The request brings more bytes than the %s that the upload still lacks',
  413
)
export const UploadNotOctets = createError(
  'UPLOAD_NOT_OCTETS',
  'The bytes of a resumable upload are application/offset+octet-stream',
  415
)
export const UploadNoFilm = createError(
  'UPLOAD_NO_FILM',
  'The file is %s and no film: the upload is removed, choose another file',
  415
)
export const UploadChecksum = createError(
  'UPLOAD_CHECKSUM',
  'The bytes do not have the checksum of Upload-Checksum, and none of them was kept: send them again',
  460
)
export const UploadNotFound = createError('UPLOAD_NOT_FOUND', 'There is no upload with the id "%s"', 404)
export const UploadExpired = createError(
  'UPLOAD_EXPIRED',
  'The upload "%s" has received no byte for too long and is removed: begin a new one',
  410
)
export const UploadOffset = createError(
  'UPLOAD_OFFSET',
  'The upload is at byte %s, not at %s: go on from the Upload-Offset that HEAD answers',
  409
)
export const UploadFinished = createError(
  'UPLOAD_FINISHED',
  'The upload has become the video "%s": delete that instead',
  409
)
export const UploadLocked = createError(
  'UPLOAD_LOCKED',
  'Another request writes this upload: try again after Retry-After',
  423
)
export const TusVersion = createError('TUS_VERSION', 'The header Tus-Resumable must be 1.0.0', 412)
export const BodyTooLarge = createError('BODY_TOO_LARGE', 'The body is larger than the allowed %s bytes', 413)
export const UnsupportedMediaType = createError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json', 415)
export const UnsupportedEncoding = createError(
  'UNSUPPORTED_ENCODING',
  'The body has the Content-Encoding "%s": send it as it is',
  415
)
export const HostNotAllowed = createError(
  'HOST_NOT_ALLOWED',
  'The host "%s" is not one of this service: to allow it, list it in ALLOWED_HOSTS or set PUBLIC_URL',
  421
)
export const CrossSite = createError(
  'CROSS_SITE',
  'The request comes from a page %s: to allow it, list its origin in ALLOWED_ORIGINS, or set PUBLIC_URL if the page is ours',
  403
)
export const Unauthorized = createError(
  'UNAUTHORIZED',
  'This needs a valid key: send one as "Authorization: Bearer dr_k_…"; "darkroom key create" makes one',
  401
)
export const OpenToThisMachine = createError(
  'OPEN_TO_THIS_MACHINE',
  'A proxy sends this request for %s, and as long as there is no key only programs of this machine need none: run "darkroom key create --preset admin", or set AUTH=off if the proxy asks for a password',
  403
)
export const ScopeMissing = createError('SCOPE_MISSING', 'The key lacks the scope "%s"', 403)
export const LimitExceeded = createError('LIMIT_EXCEEDED', 'The key has the limit "%s": %s', 403)
export const KeyInUrl = createError(
  'KEY_IN_URL',
  'A key in a URL gets into logs: revoke it, and send the new one as "Authorization: Bearer …"',
  400
)
export const ProxyNotTrusted = createError(
  'PROXY_NOT_TRUSTED',
  'The header %s names a person, and is believed once from a proxy in TRUSTED_PROXIES that sends AUTH_PROXY_SECRET: let the proxy remove what clients send',
  400
)
export const RateLimited = createError(
  'RATE_LIMITED',
  'The key has sent more than %s requests a second: try again after Retry-After',
  429
)
export const TooManyFailures = createError(
  'TOO_MANY_FAILURES',
  'Too many wrong keys came from this address: try again after Retry-After',
  429
)
export const KeyNotFound = createError('KEY_NOT_FOUND', 'There is no key with the id "%s"', 404)
export const KeyEnded = createError('KEY_ENDED', 'The key is %s already: create another one', 409)
export const SessionNotFound = createError('SESSION_NOT_FOUND', 'There is no session with the id "%s"', 404)
export const SessionInsecure = createError(
  'SESSION_INSECURE',
  'A session needs https, or an address of this machine such as http://127.0.0.1: set PUBLIC_URL to the https address of the proxy',
  403
)
export const TooManyOpen = createError(
  'TOO_MANY_OPEN',
  'This client has %s %s open, and more are not allowed: close one first',
  429
)
export const Overloaded = createError('OVERLOADED', 'The API holds as many bodies as its memory allows: try again', 503)
export const Stopping = createError('STOPPING', 'The API is stopping and takes no more requests: try again', 503)
export const MethodNotAllowed = createError(
  'METHOD_NOT_ALLOWED',
  'This address does not take the method %s; it takes %s',
  405
)
export const RouteNotFound = createError('ROUTE_NOT_FOUND', 'There is nothing at %s %s', 404)
export const TaskNotFound = createError('TASK_NOT_FOUND', 'There is no task with the id "%s"', 404)
export const ErrorNotFound = createError('ERROR_NOT_FOUND', 'No task has failed in the way "%s" since then', 404)
export const VideoNotFound = createError('VIDEO_NOT_FOUND', 'There is no video with the id "%s"', 404)
export const FileNotFound = createError('FILE_NOT_FOUND', 'The video has no file named "%s"', 404)
export const PreconditionFailed = createError(
  'PRECONDITION_FAILED',
  'The file does not match If-Match or If-Unmodified-Since',
  412
)
export const RangeNotSatisfiable = createError(
  'RANGE_NOT_SATISFIABLE',
  'The range begins after the end of the file',
  416
)
export const RequestTimeout = createError('REQUEST_TIMEOUT', 'The request did not arrive in time: send it again', 408)
export const HeadersTooLarge = createError('HEADERS_TOO_LARGE', 'The URL and headers are longer than 16 KiB', 431)
export const TaskFinished = createError('TASK_FINISHED', 'The task has finished already, as %s', 409)
export const StorageFull = createError(
  'STORAGE_FULL',
  'The disk is full, and the request was not carried out: try again when it has space',
  507
)
export const StorageUnavailable = createError(
  'STORAGE_UNAVAILABLE',
  'The store of the films cannot be read or written: try again',
  503
)
export const DatabaseLocked = createError(
  'DATABASE_LOCKED',
  'Another transaction holds a lock on a row of this request: try again, or end that transaction',
  503
)
export const DatabaseUnavailable = createError(
  'DATABASE_UNAVAILABLE',
  'The database does not answer, or refuses writes: try again',
  503
)
export const TooSlow = createError(
  'TOO_SLOW',
  'The database query took longer than its limit: narrow it by filters or a shorter time',
  504
)
export const TaskNotFinished = createError(
  'TASK_NOT_FINISHED',
  'Only a finished task can be forgotten; this one is %s',
  409
)
export const TaskNotRetryable = createError(
  'TASK_NOT_RETRYABLE',
  'Only a task that failed or was revoked can be retried; this one is %s',
  409
)
export const TaskNotWaiting = createError(
  'TASK_NOT_WAITING',
  'Only a task that waits can be changed; this one is %s',
  409
)
export const IdempotencyKeyReused = createError(
  'IDEMPOTENCY_KEY_REUSED',
  'The Idempotency-Key "%s" was used for another request',
  409
)
export const VideoBusy = createError(
  'VIDEO_BUSY',
  'The video "%s" has an open process_video task: wait for it, or cancel it first',
  409
)
export const ScheduleNotFound = createError('SCHEDULE_NOT_FOUND', 'There is no schedule with the id or name "%s"', 404)
export const ScheduleNameTaken = createError('SCHEDULE_NAME_TAKEN', 'There is a schedule named "%s" already', 409)
export const SystemSchedule = createError('SYSTEM_SCHEDULE', 'The schedule "%s" is one of Darkroom: %s', 409)
export const OriginalGone = createError(
  'ORIGINAL_GONE',
  'The original of the video "%s" was removed after ORIGINAL_EXPIRES: upload it again to make other prints',
  409
)
export const QueueNotFound = createError('QUEUE_NOT_FOUND', 'There is no queue named "%s"', 404)
export const SilenceNotFound = createError('SILENCE_NOT_FOUND', 'There is no silence with the id "%s"', 404)
export const WebhookNotFound = createError('WEBHOOK_NOT_FOUND', 'There is no webhook with the id "%s"', 404)
export const WebhookDisabled = createError(
  'WEBHOOK_DISABLED',
  'The webhook is disabled, and nothing is sent to it: enable it first',
  409
)
export const PlaybackDenied = createError(
  'PLAYBACK_DENIED',
  'The link is not valid: it was changed, revoked, or made for another file',
  403
)
export const PlaybackExpired = createError('PLAYBACK_EXPIRED', 'The link has expired: ask for a new one', 403)
export const SigningKeyNotFound = createError(
  'SIGNING_KEY_NOT_FOUND',
  'There is no signing key with the kid "%s" in use',
  404
)
export const WorkerNotFound = createError('WORKER_NOT_FOUND', 'There is no worker with the id "%s"', 404)
export const WorkerGone = createError('WORKER_GONE', 'The worker has ended: it is %s', 409)
export const Internal = createError('INTERNAL', 'The API failed: its log says why under the request id %s', 500)
