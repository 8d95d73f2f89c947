import type { Extras, MakeExtras } from './extra.ts'
import { makePictures } from './pictures/pictures.ts'
import { extractSubtitles } from './subtitles/extract.ts'

/**
 * Makes pictures and subtitles after the prints. A film that plays is not failed for the want of a poster: what cannot
 * be made becomes a note. A full disk and an abort are thrown, as a retry makes everything.
 */
export async function makeExtras(work: MakeExtras): Promise<Extras> {
  const pictures = await makePictures(work)
  const subtitles = await extractSubtitles(work)
  return {
    extras: [...pictures.extras, ...subtitles.extras],
    notes: [...pictures.notes, ...subtitles.notes]
  }
}
