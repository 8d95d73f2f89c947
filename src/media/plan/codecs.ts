/** Codecs of the picture. Every film has prints in the first; each further one gives each rung one more. */
export const codecs = ['h264', 'hevc', 'vp9', 'av1'] as const

export type Codec = (typeof codecs)[number]

/** The codec that every browser and device plays. */
export const usualCodec: Codec = 'h264'

/** Highest bitrates, as shares of those of H.264: for the same quality these codecs need fewer bits. */
export const shareOfBits: Record<Codec, number> = { h264: 1, hevc: 0.65, vp9: 0.7, av1: 0.55 }

/** The usual one first, in one order: sets of the same codecs are the same. */
export function inOrder(wanted: readonly string[]): Codec[] {
  return codecs.filter(codec => codec === usualCodec || wanted.includes(codec))
}

/** "1080p", "1080p.hevc": what had a name before there were further codecs keeps it. */
export const printName = (rung: string, codec: Codec) => (codec === usualCodec ? rung : `${rung}.${codec}`)

/** Every print that a film may get. */
export function printNames(rungs: string[], wanted: readonly string[]) {
  return inOrder(wanted).flatMap(codec => rungs.map(rung => printName(rung, codec)))
}

/** Prints that are made together: one codec after another, so that the ones that everything plays are there first. */
export function byCodec<Print extends { codec: Codec }>(prints: Print[]): Print[][] {
  return codecs.map(codec => prints.filter(print => print.codec === codec)).filter(each => each.length > 0)
}
