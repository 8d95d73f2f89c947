/** No room on the disk, in the quota or within the file size limit. 53100 is Postgres saying so of its own disk. */
const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', '53100'])
/** A disk that fails or became read-only, a network file system that does not answer, a volume that is not mounted. */
const away = new Set([
  ...['STORE_AWAY', 'EIO', 'EROFS', 'ENXIO', 'ENODEV'],
  ...['ESTALE', 'ENOTCONN', 'EHOSTDOWN', 'EREMOTEIO', 'ETIMEDOUT']
])

/** True when there is no room left. The same write may work once something was removed. */
export function isFull(error: unknown) {
  return full.has(codeOf(error))
}

/** True when the store, not the file, is the trouble. */
export function isAway(error: unknown) {
  return away.has(codeOf(error))
}

function codeOf(error: unknown) {
  return (error as NodeJS.ErrnoException | null | undefined)?.code ?? ''
}
