import path from 'node:path'
import type { Logger } from 'pino'
import { decodingKinds } from '#catalogue.ts'
import type { Config } from '#config.ts'
import { doubtsAbout, findMediaTools, type MediaTools } from '#media/binaries.ts'
import { lockVariable } from '#media/lock/lock.ts'
import { type Proof, proveLock } from '#media/lock/prove.ts'
import { isProved, noSandbox, type Sandbox, unproved } from '#media/lock/sandbox.ts'
import type { Kinds } from '#tasks/define.ts'

/** What this worker has found out about its decoders. */
export interface Media {
  sandbox: Sandbox
  /** For its children: how they lock a decoder in. */
  env: Record<string, string>
  /** Kinds that it does not take. */
  withheld: string[]
}

interface ProveMedia {
  config: Config
  kinds: Kinds
  log: Logger
}

/** Proves at the worker's start that decoders are locked in; it takes a third of a second. */
export async function proveMedia({ config, kinds, log }: ProveMedia): Promise<Media> {
  // A worker without ffmpeg still runs every other kind.
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = config
  const tools = await findMediaTools({ ffmpegPath, ffprobePath }).catch(() => undefined)
  for (const { program, by, isRun } of tools ? await doubtsAbout(tools) : []) {
    log.warn(
      { program },
      `${program} can be replaced by ${by}${isRun ? '' : ', and is not run'}: chmod go-w, or chown it`
    )
  }
  if (config.MEDIA_SANDBOX === 'off') {
    log.warn('MEDIA_SANDBOX=off: ffmpeg may read every file of this user, and use the network')
    return { sandbox: noSandbox(), env: {}, withheld: [] }
  }
  const { sandbox, way } = await proveOrSay(config, tools)
  const { files, network, user, missing } = sandbox
  const mustWait = config.MEDIA_SANDBOX === 'required' && !isProved(sandbox)
  if (isProved(sandbox)) log.info({ files, network, user }, 'ffmpeg is locked in; tried with a program that attacks')
  else {
    log.warn(
      { files, network, missing },
      'the media sandbox has gaps, ' +
        (mustWait
          ? 'so films wait, as MEDIA_SANDBOX=required asks for; mend what is missing, and restart the worker'
          : 'so a bug in a decoder can do what this user can; mend what is missing (MEDIA_SANDBOX=required refuses films until then)')
    )
  }
  const withheld = mustWait ? decodingKinds.filter(name => kinds.has(name)) : []
  return { sandbox, env: way === undefined ? {} : { [lockVariable]: way }, withheld }
}

/** The proof needs programs and a disk: where these fail, nothing is proved. */
async function proveOrSay({ DATA_DIR }: Config, tools: MediaTools | undefined): Promise<Proof> {
  try {
    return await proveLock(tools, path.join(DATA_DIR, 'work'))
  } catch (error) {
    return { way: undefined, sandbox: unproved((error as Error).message, 'Mend that, and restart the worker') }
  }
}
