/** What a session may do; `admin` has all of it. */
export type Scope = 'read' | 'submit' | 'operate' | 'play' | 'original' | 'metrics' | 'admin'

/** The scope of each act that pages offer, by its operationId. A test compares it with the document of the API. */
export const scopeOf = {
  submitTask: 'submit',
  uploadVideo: 'submit',
  processVideo: 'submit',
  cancelTask: 'operate',
  retryTask: 'operate',
  changeTask: 'operate',
  forgetTask: 'operate',
  changeVideo: 'operate',
  startBulkOperation: 'operate',
  abortBulkOperation: 'operate',
  undoBulkOperation: 'operate',
  deleteVideo: 'operate',
  pauseQueue: 'operate',
  resumeQueue: 'operate',
  purgeQueue: 'admin',
  steerWorker: 'operate',
  shutDownWorker: 'admin',
  addSchedule: 'operate',
  editSchedule: 'operate',
  removeSchedule: 'operate',
  runSchedule: 'operate',
  silenceProblem: 'operate',
  removeSilence: 'operate',
  addWebhook: 'admin',
  editWebhook: 'admin',
  removeWebhook: 'admin',
  rotateWebhook: 'admin',
  testWebhook: 'admin',
  replayWebhook: 'operate',
  createKey: 'admin',
  rotateKey: 'admin',
  revokeKey: 'admin',
  endSession: 'admin',
  listAudit: 'admin',
  makeLinks: 'play',
  revokeLinks: 'play',
  addSigningKey: 'admin',
  retireSigningKey: 'admin'
} satisfies Record<string, Scope>

/** An act by its operationId, or a scope by its name. */
export type Need = keyof typeof scopeOf | Scope

/** The scope that is missing. */
export function missing(held: readonly string[], need: Need): Scope | undefined {
  const scope: Scope = need in scopeOf ? scopeOf[need as keyof typeof scopeOf] : (need as Scope)
  return held.includes(scope) || held.includes('admin') ? undefined : scope
}
