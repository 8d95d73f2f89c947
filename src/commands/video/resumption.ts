import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, rmSync, type Stats, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

export interface Resumption {
  /** Under this key the service knows the upload. */
  key: string
  /** Whether a later call finds the key again. */
  isKept: boolean
  forget(): void
}

interface Upload {
  file: string
  stats: Stats
  name: string
}

/** The key of an upload, kept in the user's state folder until the upload has ended: then the same file is a new film. */
export function resumptionOf(base: URL, { file, stats, name }: Upload): Resumption {
  const folder = path.join(
    process.env.XDG_STATE_HOME?.trim() || path.join(homedir(), '.local/state'),
    'darkroom/uploads'
  )
  const what = [base.href, realpathSync(file), stats.size, stats.mtimeMs, name].join('\n')
  const place = path.join(folder, createHash('sha256').update(what).digest('hex').slice(0, 32))
  const key = keyIn(place) ?? randomUUID()
  return { key, isKept: keep(place, key), forget: () => rmSync(place, { force: true }) }
}

function keyIn(place: string) {
  try {
    return readFileSync(place, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

/** A home that cannot be written to costs the resumption, and nothing else. */
function keep(place: string, key: string) {
  try {
    mkdirSync(path.dirname(place), { recursive: true, mode: 0o700 })
    writeFileSync(place, `${key}\n`, { mode: 0o600 })
    return true
  } catch {
    return false
  }
}
