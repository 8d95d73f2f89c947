import path from 'node:path'
import type { VideoFiles, VideoRow } from '../queries.ts'
import { expiryIn, usualSeconds } from './expiry.ts'
import type { Links, NewLinks } from './schemas.ts'
import { ownKid } from './signing-key.ts'
import { grants, tokenFor } from './token.ts'

interface SignLinks {
  video: VideoRow
  files: VideoFiles
  asked: NewLinks
  /** `dr_g_…` of the API's own kid. */
  key: string
  /** Scheme, host and path before `/play`; empty where they are not known. */
  base: string
  now: number
}

/** Links to what there is of a film now. */
export function linksTo({ video, files, asked, key, base, now }: SignLinks): Links {
  const { seconds, grant = 'stream' } = asked
  const prints = files.renditions
    .filter(({ status, storage_key }) => status === 'ready' && storage_key !== null)
    .toSorted((one, other) => (other.height ?? 0) - (one.height ?? 0))
  const duration = prints[0]?.duration ?? null
  const exp = expiryIn(seconds ?? usualSeconds(duration), now)
  const signed = { kid: ownKid, exp, grant: grants[grant], video: video.id, epoch: video.playback_epoch }
  const below = `${base}/play/${tokenFor(key, signed)}/${video.id}`

  const isStream = grant === 'stream'
  const extra = (name: string) =>
    isStream && files.extras.some(each => each.name === name) ? `${below}/${name}` : null
  const print = prints[0] ? `${below}/${path.basename(prints[0].storage_key!)}` : null
  return {
    url: grant === 'original' ? `${below}/original` : print,
    hls_url: isStream && files.streams.length > 0 ? `${below}/hls/master.m3u8` : null,
    poster_url: extra('poster.jpg'),
    storyboard_url: extra('storyboard.vtt'),
    expires_at: new Date(exp * 60_000).toISOString()
  }
}
