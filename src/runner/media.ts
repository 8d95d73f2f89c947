import path from 'node:path'
import type { Logger } from 'pino'
import { decodingKinds } from '#catalogue/catalogue.ts'
import type { Config } from '#config.ts'
import { doubtsAbout, findMediaTools, type MediaTools } from '#media/binaries.ts'
import { findHardware } from '#media/encode/find-hardware.ts'
import { hardwareVariable } from '#media/encode/hardware.ts'
import { lockVariable } from '#media/lock/lock.ts'
import { type Proof, proveLock } from '#media/lock/prove.ts'
import { isProved, noSandbox, type Sandbox, unproved } from '#media/lock/sandbox.ts'
import type { Way } from '#media/lock/ways.ts'
import type { Kinds } from '#tasks/define.ts'

/** What this worker has found out about its decoders. */
export interface Media {
  sandbox: Sandbox
  /** For its children: how they lock a decoder in, and which encoders in hardware they use. */
  env: Record<string, string>
  /** Kinds that it does not take. */
  withheld: string[]
}

interface ProveMedia {
  config: Config
  kinds: Kinds
  log: Logger
}

interface Work extends ProveMedia {
  /** A worker without ffmpeg still runs every other kind. */
  tools: MediaTools | undefined
}

/** Proves at the worker's start that decoders are locked in, and finds the encoders in hardware that work in there. */
export async function proveMedia(needs: ProveMedia): Promise<Media> {
  const { FFMPEG_PATH: ffmpegPath, FFPROBE_PATH: ffprobePath } = needs.config
  const tools = await findMediaTools({ ffmpegPath, ffprobePath }).catch(() => undefined)
  const work = { ...needs, tools }
  await warnOfDoubts(work)
  const { sandbox, env, withheld, way } = await proveSandbox(work)
  const hardware = await findEncodersIn(way, work)
  if (hardware === undefined) return { sandbox, env, withheld }
  return {
    sandbox: { ...sandbox, hardware },
    env: { ...env, [hardwareVariable]: hardware.encoders.join() },
    withheld
  }
}

async function warnOfDoubts({ log, tools }: Work) {
  for (const { program, by, isRun } of tools ? await doubtsAbout(tools) : [])
    log.warn(
      { program },
      `${program} can be replaced by ${by}${isRun ? '' : ', and is not run'}: chmod go-w, or chown it`
    )
}

/** Undefined without HARDWARE, and without ffmpeg. */
async function findEncodersIn(way: Way | undefined, { config, log, tools }: Work): Promise<Sandbox['hardware']> {
  const { HARDWARE: wanted, CODECS: codecs } = config
  if (wanted === 'off' || !tools) return undefined
  const found = await findHardware({ ffmpeg: tools.ffmpeg, wanted, codecs, way })
  const encoders = Object.values(found.encoders)
  if (encoders.length > 0) log.info({ encoders, failures: found.failures }, 'films are encoded in hardware')
  else
    log.warn(
      { failures: found.failures },
      `HARDWARE=${wanted}, and no such encoder works: films are encoded in software`
    )
  return { encoders, failures: found.failures }
}

/** It takes a third of a second. */
async function proveSandbox({ config, kinds, log, tools }: Work): Promise<Media & { way: Way | undefined }> {
  if (config.MEDIA_SANDBOX === 'off') {
    log.warn('MEDIA_SANDBOX=off: ffmpeg may read every file of this user, and use the network')
    return { sandbox: noSandbox(), env: {}, withheld: [], way: undefined }
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
  return { sandbox, env: way === undefined ? {} : { [lockVariable]: way }, withheld, way }
}

/** The proof needs programs and a disk: where these fail, nothing is proved. */
async function proveOrSay({ DATA_DIR }: Config, tools: MediaTools | undefined): Promise<Proof> {
  try {
    return await proveLock(tools, path.join(DATA_DIR, 'work'))
  } catch (error) {
    return { way: undefined, sandbox: unproved((error as Error).message, 'Mend that, and restart the worker') }
  }
}
