import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** What a program under the lock sees of the file system; all of it by absolute paths. */
export interface Sight {
  /** May be run, and read. */
  programs: string[]
  /** May be read: libraries and their data. */
  libraries: string[]
  /** Files, or folders with all that is below them. */
  reads: string[]
  /** Folders in which files and folders may be made, changed and removed. */
  writes: string[]
  /** Device nodes that may be opened and steered. */
  devices: string[]
}

interface Wanted {
  reads?: string[] | undefined
  writes?: string[] | undefined
  devices?: string[] | undefined
}

const libraries = [
  ...['/lib', '/lib32', '/lib64', '/libx32'],
  ...['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libx32', '/usr/local/lib', '/usr/local/lib64', '/usr/share'],
  // Fonts of subtitles; links to libraries, where they are, and the settings of one; the number of cores.
  ...['/etc/fonts', '/etc/alternatives', '/etc/ld.so.cache', '/etc/ssl/openssl.cnf', '/sys/devices/system/cpu']
]

/** Folders in which everything depends on everything. */
const stores = ['/nix/store', '/gnu/store']

const interpreters = ['/bin', '/usr/bin', '/usr/local/bin']

/** The loaders of dynamic programs, by libc and architecture. */
const loaders = [
  ...['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1', '/lib/ld-linux-armhf.so.3'],
  ...['/lib/ld-musl-x86_64.so.1', '/lib/ld-musl-aarch64.so.1']
]

/**
 * A program sees itself, its libraries and what it is given. It may run nothing else: only where the operator has named
 * a script as FFMPEG_PATH, the system's programs, one of which reads the script.
 */
export function sightOf(program: string, { reads = [], writes = [], devices = [] }: Wanted): Sight {
  const file = realpathSync(program)
  const store = stores.find(each => file.startsWith(`${each}/`))
  const prefix = path.basename(path.dirname(file)) === 'bin' ? path.resolve(file, '../..') : undefined
  return {
    programs: [file, ...loaders, ...(store ? [store] : []), ...(isScript(file) ? interpreters : [])].filter(existsSync),
    libraries: [...libraries, ...(prefix ? ['lib', 'lib64'].map(name => path.join(prefix, name)) : [])].filter(
      existsSync
    ),
    // A file that is missing is reported by the program.
    reads: reads.map(each => path.resolve(each)).filter(existsSync),
    writes: writes.map(each => path.resolve(each)),
    devices
  }
}

function isScript(file: string) {
  const start = Buffer.alloc(2)
  const opened = openSync(file, 'r')
  try {
    readSync(opened, start, 0, 2, 0)
  } finally {
    closeSync(opened)
  }
  return start.toString() === '#!'
}
