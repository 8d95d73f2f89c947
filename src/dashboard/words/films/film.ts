/** What the page reads of a probe; an older one may lack any of it. */
interface Found {
  container?: string
  video?: {
    codec?: string
    width?: number
    height?: number
    fps?: number
    rotation?: number
    sample_aspect_ratio?: string
    bit_depth?: number
    hdr?: string | null
    interlaced?: boolean
    full_range?: boolean
  } | null
  audio?: { codec?: string; channels?: number } | null
  damage?: { share?: number } | null
  notes?: { detail: string }[]
}

/** "hevc · 1920 × 1080 · 30 fps · aac" */
export function sourceText(probe: unknown): string {
  const { video, audio } = (probe ?? {}) as Found
  const parts = [
    video?.codec,
    video?.width ? `${video.width} × ${video.height}` : undefined,
    video?.fps ? `${Number(video.fps.toFixed(2))} fps` : undefined,
    audio?.codec
  ]
  return parts.filter(part => part !== undefined).join(' · ')
}

/** What was done to the source for the prints, in short words. */
export function doneTo(probe: unknown): string[] {
  const { video, audio, damage } = (probe ?? {}) as Found
  const done: string[] = []
  if (video?.hdr) done.push(`HDR (${video.hdr.toUpperCase()}) → tone-mapped`)
  else if ((video?.bit_depth ?? 8) > 8) done.push(`${video!.bit_depth} bit → 8 bit`)
  if (video?.rotation) done.push(`rotated ${video.rotation}°`)
  if (video?.interlaced) done.push('deinterlaced')
  if (video?.sample_aspect_ratio && video.sample_aspect_ratio !== '1:1') {
    done.push(`pixels of ${video.sample_aspect_ratio} → square`)
  }
  if (video?.full_range) done.push('full range → video range')
  if ((audio?.channels ?? 0) > 2) done.push(`${audio!.channels} channels → stereo`)
  if (damage?.share) done.push(`${Math.max(1, Math.round(damage.share * 100))} % damage bridged`)
  return done
}

/** What the film does without, and why. */
export const notesOf = (probe: unknown) => ((probe ?? {}) as Found).notes?.map(({ detail }) => detail) ?? []

const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' })

/** "German", "English (SDH)", "English (2)"; "Unknown language" for `und`. */
export function languageText(tag: string): string {
  const [own = '', part] = tag.split('-x-')
  const name = own === 'und' ? 'Unknown language' : (languages.of(own) ?? own)
  return part ? `${name} (${part === 'sdh' ? 'SDH' : part.replaceAll('-', ' ')})` : name
}
