import { channel } from 'node:diagnostics_channel'
import path from 'node:path'

/** A run of ffmpeg or ffprobe. */
export interface ProgramRun {
  name: string
  pid: number | undefined
  /** When it started and ended, in milliseconds since 1970. */
  from: number
  to: number
  exit_code: number | undefined
  signal: string | undefined
}

/** A process of execa's, which resolves to its end. */
type Running = PromiseLike<{ exitCode?: number | undefined; signal?: string | undefined }> & {
  pid?: number | undefined
}

// Whatever starts ffmpeg knows no tasks, and a child no films.
const runs = channel('darkroom:program')

export function sayProgram(program: string, running: Running) {
  if (!runs.hasSubscribers) return
  const { pid } = running
  const from = Date.now()
  const say = ({ exitCode: exit_code, signal }: Awaited<Running> = {}) =>
    runs.publish({ name: path.basename(program), pid, from, to: Date.now(), exit_code, signal } satisfies ProgramRun)
  running.then(say, () => say())
}

export function hearPrograms(hear: (run: ProgramRun) => void) {
  runs.subscribe(message => hear(message as ProgramRun))
}
