import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

/** `DARKROOM_KEY`, the file that `DARKROOM_KEY_FILE` names, or `darkroom/key` in the user's config folder. */
export function findKey(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const key = environment.DARKROOM_KEY?.trim()
  const named = environment.DARKROOM_KEY_FILE?.trim()
  if (key && named) throw new Error('DARKROOM_KEY and DARKROOM_KEY_FILE are both set: remove one of them')
  if (key) return checked(key, 'DARKROOM_KEY')
  if (named) return keyIn(named)
  const usual = path.join(environment.XDG_CONFIG_HOME?.trim() || path.join(homedir(), '.config'), 'darkroom/key')
  try {
    return keyIn(usual)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}

/** As ssh does: a file of this account that other accounts can read is no secret. */
function keyIn(file: string) {
  try {
    const { mode, uid } = statSync(file)
    const isOpen = process.getuid?.() === uid && (mode & 0o077) !== 0
    if (isOpen) {
      const rights = (mode & 0o777).toString(8).padStart(4, '0')
      throw new Error(`The key in ${file} is not used, as other accounts can read it (${rights}): chmod 600 ${file}`)
    }
    return checked(readFileSync(file, 'utf8').trim(), file)
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    throw new Error(`The key in ${file} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

/** What cannot stand in a header would be an error that repeats the key. */
function checked(key: string, place: string) {
  if (/^[\x21-\x7e]{1,500}$/.test(key)) return key
  throw new Error(`${place} holds no key: a key is one word, such as dr_k_…`)
}

function codeOf(error: unknown) {
  const { code, cause } = error as NodeJS.ErrnoException
  return code ?? (cause as NodeJS.ErrnoException | undefined)?.code
}
