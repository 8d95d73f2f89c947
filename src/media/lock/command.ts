import { statSync } from 'node:fs'
import path from 'node:path'
import type { Spec } from './launcher/spec.ts'
import type { Limits } from './limits.ts'
import { userOf } from './own-user.ts'
import type { Sight } from './sight.ts'
import type { Way } from './ways.ts'

export interface Command {
  file: string
  args: string[]
  env: Record<string, string>
}

interface Run {
  program: string
  args: string[]
  sight: Sight
  limits: Limits
}

const launcher = path.join(import.meta.dirname, 'launcher/launcher.ts')

/** As in cli.ts: types are stripped once, and a start takes 55 ms instead of 200. */
const compileCache = path.resolve(import.meta.dirname, '../../../node_modules/.cache/compile')

/** The command line that runs a program in one of the ways. */
export function commandFor(way: Way, { program, args, sight, limits }: Run): Command {
  const searchPath = process.env.PATH ?? ''
  const plain = [program, ...args]
  const byPrefix = (...prefix: string[]) => {
    const [file = program, ...rest] = [...prefix, ...plain]
    return { file, args: rest, env: { PATH: searchPath } }
  }
  const limited = ['prlimit', ...limitOptions(limits), '--']
  const byLauncher = (layers: Spec['layers']) => {
    const spec: Spec = { program, path: searchPath, sight, limits, layers }
    return commandOfLauncher([JSON.stringify(spec), ...args])
  }
  switch (way) {
    case 'launcher with a user of its own':
      return byLauncher({ landlock: true, seccomp: true, user: userOf(process.pid) })
    case 'launcher':
      return byLauncher({ landlock: true, seccomp: true, user: null })
    case 'launcher without landlock':
      return byLauncher({ landlock: false, seccomp: true, user: null })
    case 'setpriv and unshare':
      return byPrefix(...limited, ...withoutNetwork(), ...setpriv(sight))
    case 'setpriv':
      return byPrefix(...limited, ...setpriv(sight))
    case 'bwrap':
      return byPrefix(...limited, ...bwrap(sight))
    case 'unshare':
      return byPrefix(...limited, ...withoutNetwork())
    case 'limits only':
      return byPrefix(...limited)
  }
}

/** Without arguments the launcher says what it finds. */
export function commandOfLauncher(args: string[]): Command {
  return {
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', launcher, ...args],
    env: { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? compileCache }
  }
}

function limitOptions({ cpu, memory, fileSize, processes }: Limits) {
  return [
    ...['--core=0', `--cpu=${cpu}`, `--fsize=${fileSize}`, '--nofile=256'],
    ...[`--nproc=${processes}`, `--as=${memory}`]
  ]
}

const withoutNetwork = () => ['unshare', process.getuid?.() === 0 ? '--net' : '-Urn', '--']

/** Landlock by util-linux 2.40 and later, which refuses rights to folders for what is a file. */
function setpriv({ programs, libraries, reads, writes, devices }: Sight) {
  const reading = ['read-file', 'read-dir']
  const changing = ['write-file', 'remove-dir', 'remove-file', 'make-dir', 'make-reg', 'refer', 'truncate']
  const ofFiles = ['read-file', 'write-file', 'truncate', 'execute']
  const rule = (rights: string[], paths: string[]) =>
    paths.flatMap(each => {
      const allowed = statSync(each).isDirectory() ? rights : rights.filter(right => ofFiles.includes(right))
      return ['--landlock-rule', `path-beneath:${allowed.join(',')}:${each}`]
    })
  return [
    ...['setpriv', '--no-new-privs', '--landlock-access', 'fs'],
    ...rule([...reading, 'execute'], programs),
    ...rule(reading, [...libraries, ...reads]),
    ...rule([...reading, ...changing], writes),
    ...rule(['read-file', 'write-file'], ['/dev/null', ...devices]),
    '--'
  ]
}

/** No new session: stdin is no terminal, and the program is to stay in our process group. */
function bwrap({ programs, libraries, reads, writes, devices }: Sight) {
  // What is a link in there already cannot be bound once more.
  const isThere = (file: string) => libraries.some(folder => file.startsWith(`${folder}/`))
  const bind = (option: string, paths: string[]) => paths.flatMap(each => [option, each, each])
  return [
    ...['bwrap', '--unshare-all', '--die-with-parent', '--cap-drop', 'ALL', '--proc', '/proc', '--dev', '/dev'],
    ...bind('--ro-bind-try', [...libraries, ...[...programs, ...reads].filter(file => !isThere(file))]),
    ...bind('--bind', writes),
    ...bind('--dev-bind', devices),
    ...['--remount-ro', '/', '--']
  ]
}
