import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import { addressOf } from '../../state/service/base.ts'
import type { Video } from '../../state/service/shapes.ts'
import { languageText } from '../../words/films/film.ts'

/** Inside of the video element. */
export function CaptionTracks({ video }: { video: Video }) {
  return video.subtitles.map(({ language, url }) => (
    <track key={url} kind="subtitles" srcLang={language} label={languageText(language)} src={addressOf(url)} />
  ))
}

/** The player shows one track, or none; after a change of quality, too, which makes another video element. */
export function useCaptions(element: RefObject<HTMLVideoElement | null>, chosen: string) {
  useEffect(() => {
    for (const track of element.current?.textTracks ?? []) {
      track.mode = track.language === chosen ? 'showing' : 'disabled'
    }
  })
}

interface Choice {
  video: Video
  chosen: string
  choose(language: string): void
}

export function CaptionChoice({ video, chosen, choose }: Choice) {
  if (video.subtitles.length === 0) return null
  return (
    <select aria-label="Subtitles" value={chosen} onChange={event => choose(event.currentTarget.value)}>
      <option value="">No subtitles</option>
      {video.subtitles.map(({ language }) => (
        <option key={language} value={language}>
          {languageText(language)}
        </option>
      ))}
    </select>
  )
}
