import { useEffect, useRef, useState } from 'preact/hooks'
import { uploadFiles } from '../../state/acts/uploads.ts'
import { go, href, query, withQuery } from '../../state/browser/route.ts'
import { addressOf, serviceAddress } from '../../state/service/base.ts'
import { useQuery } from '../../state/service/query.ts'
import type { Page as Items, Video } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Rungs } from '../../ui/charts/rungs.tsx'
import { CopyAs } from '../../ui/copy.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Page } from '../../ui/page.tsx'
import { Empty, Refused, Waiting } from '../../ui/said.tsx'
import { Segments } from '../../ui/segments.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'
import { commandText, curlText, quoted } from '../../words/copy.ts'
import { bytesText, percentText } from '../../words/number.ts'

const states = ['uploaded', 'processing', 'ready', 'failed']
const pageSize = 48

export function Videos() {
  const status = query.value.get('status') ?? undefined
  const q = query.value.get('q') ?? undefined
  const cursor = query.value.get('cursor') ?? undefined
  const search = new URLSearchParams({
    limit: String(pageSize),
    ...(status && { status }),
    ...(q && { q }),
    ...(cursor && { cursor })
  })
  const path = `/api/videos?${search}`
  const found = useQuery<Items<Video>>(path, 3)
  const videos = found.data.value?.items
  const next = found.data.value?.next_cursor
  return (
    <Page
      title="Films"
      busy={!videos && !found.error.value}
      actions={
        <CopyAs
          curl={`curl -s -F video=@film.mp4 ${quoted(`${serviceAddress}/api/videos`)}\n${curlText(serviceAddress, 'GET', path)}`}
          cli={`${commandText('video upload film.mp4')}\n${commandText('video list')}`}
          sql="select id, filename, status, progress, error from ops.videos order by created_at desc limit 100;"
        />
      }
    >
      <Drop />
      <div class="section-head">
        <Segments label="Status of films" parameter="status" values={states} />
        <SearchName q={q ?? ''} />
      </div>
      <Refused query={found} />
      {!videos && !found.error.value && <Waiting />}
      {videos?.length === 0 && <NoFilms filtered={Boolean(status || q)} />}
      <ul class="film-cards" aria-label="Films">
        {videos?.map(video => (
          <FilmCard key={video.id} video={video} />
        ))}
      </ul>
      {next && (
        <p class="section">
          <a class="button" href={href(withQuery({ cursor: next }))}>
            Older films
          </a>
        </p>
      )}
    </Page>
  )
}

function NoFilms({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="No film fits">
        <a href={href('/videos')}>Show all films</a>
      </Empty>
    )
  }
  return (
    <Empty title="There are no films yet">
      <p>Drop one here, or:</p>
      <pre>curl -F video=@film.mp4 {serviceAddress}/api/videos</pre>
    </Empty>
  )
}

function SearchName({ q }: { q: string }) {
  return (
    <input
      class="search-name"
      type="search"
      aria-label="Name of the film"
      placeholder="Name"
      value={q}
      onChange={event => go(withQuery({ q: event.currentTarget.value || undefined, cursor: undefined }))}
    />
  )
}

/** Films may be dropped anywhere on the page, or pasted. */
function Drop() {
  const [over, setOver] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files')
    const drag = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(true)
    }
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false)
    const drop = (event: DragEvent) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(false)
      uploadFiles(event.dataTransfer!.files)
    }
    const paste = (event: ClipboardEvent) => {
      const files = event.clipboardData?.files
      if (files?.length) uploadFiles(files)
    }
    addEventListener('dragover', drag)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    addEventListener('paste', paste)
    return () => {
      removeEventListener('dragover', drag)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
      removeEventListener('paste', paste)
    }
  }, [])
  return (
    <div class={over ? 'drop over' : 'drop'}>
      <span>{over ? 'Let go to upload' : 'Drop films anywhere on this page. An upload that breaks off goes on.'}</span>
      <input
        ref={input}
        class="only-heard"
        type="file"
        multiple
        accept="video/*,audio/*"
        tabIndex={-1}
        aria-label="Films to upload"
        onChange={event => {
          uploadFiles(event.currentTarget.files ?? [])
          event.currentTarget.value = ''
        }}
      />
      <Button icon="upload" look="main" needs="uploadVideo" onClick={() => input.current?.click()}>
        Upload films
      </Button>
    </div>
  )
}

function FilmCard({ video }: { video: Video }) {
  return (
    <li>
      <a class="film-card" href={href(`/videos/${video.id}`)}>
        <Picture video={video} />
        <div class="film-text">
          <span class="film-name" title={video.filename}>
            {video.filename}
          </span>
          <Rungs video={video} />
          <span class="film-line">
            <Word word={video.status} progress={video.progress} />
            <span class="soft number">
              {video.status === 'processing' && video.progress !== null
                ? percentText(video.progress)
                : bytesText(video.bytes)}
            </span>
          </span>
          <span class="soft cut-off" title={video.error?.message}>
            {video.error ? video.error.message : <Ago time={video.created_at} />}
          </span>
        </div>
      </a>
    </li>
  )
}

function Picture({ video }: { video: Video }) {
  if (video.poster_url) {
    return (
      <div class="film-picture">
        <img src={addressOf(video.poster_url)} alt="" loading="lazy" decoding="async" width={320} height={180} />
      </div>
    )
  }
  const print = video.renditions.find(
    ({ status, url, codec }) => status === 'ready' && url && !url.endsWith('.m4a') && codec
  )
  return (
    <div class="film-picture">
      {print ? (
        <video src={`${addressOf(print.url!)}#t=0.5`} preload="metadata" muted tabIndex={-1} aria-hidden="true" />
      ) : (
        <Icon name="films" size={28} />
      )}
    </div>
  )
}
