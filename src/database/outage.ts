/** SQLSTATE classes: connection, resources, operator intervention (shutdowns), system errors. */
const passing = ['08', '53', '57', '58']
/** Serialization failure, deadlock, lock timeout, read-only (a standby during a failover). */
const transient = new Set(['40001', '40P01', '55P03', '25006'])
/** No listener, no answer, no route, no name server, or no free local port. */
const network = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL']
])

/** Errors of node-postgres and Kysely without a code. */
const inWords =
  /connection terminated|timeout expired|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|connection has been discarded/i

/** True when the database failed rather than the statement: a retry may succeed. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, message, severity, syscall } = error as Error & {
    code?: unknown
    severity?: unknown
    syscall?: unknown
  }
  // The session was ended or refused: shutdown, renamed database, no connections accepted.
  if (severity === 'FATAL' || severity === 'PANIC') return true
  // The socket file of a local server that is down; any other missing file is no outage.
  if (code === 'ENOENT') return syscall === 'connect'
  if (typeof code === 'string') {
    return network.has(code) || transient.has(code) || (code.length === 5 && passing.includes(code.slice(0, 2)))
  }
  if (error instanceof AggregateError) return error.errors.some(isOutage)
  // The first failure caused that of the cleanup.
  if (error instanceof SuppressedError) return isOutage(error.suppressed)
  return inWords.test(message)
}

/** Postgres cancelled the statement: statement_timeout, or an operator's pg_cancel_backend. */
export function isCancelled(error: unknown): boolean {
  return (error as { code?: unknown }).code === '57014'
}

/** For a name with several addresses of which none answers, the error has a code and no message. */
export function reasonOf({ message, code }: Error & { code?: string }): string {
  return message || (code ?? '')
}
